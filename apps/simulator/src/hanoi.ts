/**
 * The town of the simulator: junctions and main roads of Hanoi as they lie, and the stretches between them.
 *
 * Places and names are real; lanes, free-flow speeds and how busy a road is are plausible figures for a simulation and
 * no survey. Wards as of July 2025. Coordinates WGS84, to about 10 m.
 */

type Place = readonly [nameVi: string, nameEn: string, ward: string, longitude: number, latitude: number];

const places = {
  ngaTuSo: ['Ngã Tư Sở', 'Nga Tu So', 'Đống Đa', 105.8203, 21.0034],
  thaiHa: ['Thái Hà – Tây Sơn', 'Thai Ha – Tay Son', 'Đống Đa', 105.8243, 21.0092],
  oChoDua: ['Ô Chợ Dừa', 'O Cho Dua', 'Ô Chợ Dừa', 105.8299, 21.0185],
  vanMieu: ['Văn Miếu – Nguyễn Thái Học', 'Temple of Literature – Nguyen Thai Hoc', 'Ba Đình', 105.836, 21.0305],
  khuatDuyTien: ['Khuất Duy Tiến – Nguyễn Trãi', 'Khuat Duy Tien – Nguyen Trai', 'Thanh Xuân', 105.8029, 20.9915],
  phungKhoang: ['Phùng Khoang', 'Phung Khoang', 'Đại Mỗ', 105.7931, 20.9845],
  haDong: ['Trần Phú – Phùng Hưng', 'Tran Phu – Phung Hung', 'Hà Đông', 105.7807, 20.9747],
  vong: ['Ngã Tư Vọng (Giải Phóng – Trường Chinh)', 'Nga Tu Vong (Giai Phong – Truong Chinh)', 'Phương Liệt', 105.8411, 20.9977],
  tonThatTung: ['Trường Chinh – Tôn Thất Tùng', 'Truong Chinh – Ton That Tung', 'Phương Liệt', 105.829, 21.0006],
  trungHien: ['Ngã Tư Trung Hiền', 'Nga Tu Trung Hien', 'Tương Mai', 105.8499, 20.9958],
  maiDong: ['Cầu Mai Động', 'Mai Dong bridge', 'Bạch Mai', 105.862, 20.9963],
  minhKhai: ['Minh Khai – cầu Vĩnh Tuy', 'Minh Khai – Vinh Tuy bridge', 'Vĩnh Tuy', 105.8709, 20.9994],
  vinhTuyNorth: ['Bắc cầu Vĩnh Tuy', 'Vinh Tuy bridge, north end', 'Long Biên', 105.8951, 21.025],
  coLinh: ['Cổ Linh – Đàm Quang Trung', 'Co Linh – Dam Quang Trung', 'Long Biên', 105.8963, 21.0271],
  daiCoViet: ['Đại Cồ Việt – Giải Phóng', 'Dai Co Viet – Giai Phong', 'Hai Bà Trưng', 105.8415, 21.0078],
  khamThien: ['Khâm Thiên – Lê Duẩn', 'Kham Thien – Le Duan', 'Văn Miếu – Quốc Tử Giám', 105.8414, 21.0188],
  hanoiStation: ['Ga Hà Nội', 'Hanoi railway station', 'Cửa Nam', 105.8415, 21.0242],
  kimDong: ['Giải Phóng – Kim Đồng', 'Giai Phong – Kim Dong', 'Định Công', 105.8409, 20.9835],
  phapVan: ['Pháp Vân', 'Phap Van', 'Hoàng Liệt', 105.8419, 20.9659],
  baTrieu: ['Bà Triệu – Đại Cồ Việt', 'Ba Trieu – Dai Co Viet', 'Hai Bà Trưng', 105.849, 21.0086],
  oCauDen: ['Ô Cầu Dền', 'O Cau Den', 'Bạch Mai', 105.8514, 21.0087],
  nguyenKhoai: ['Trần Khát Chân – Nguyễn Khoái', 'Tran Khat Chan – Nguyen Khoai', 'Hai Bà Trưng', 105.8658, 21.0088],
  cauGiay: ['Cầu Giấy', 'Cau Giay', 'Láng', 105.8015, 21.0301],
  xuanThuy: ['Cầu Giấy – Xuân Thủy', 'Cau Giay – Xuan Thuy', 'Cầu Giấy', 105.7898, 21.0364],
  maiDich: ['Mai Dịch', 'Mai Dich', 'Từ Liêm', 105.7805, 21.0366],
  leDucTho: ['Hồ Tùng Mậu – Lê Đức Thọ', 'Ho Tung Mau – Le Duc Tho', 'Từ Liêm', 105.7719, 21.0382],
  cauDien: ['Cầu Diễn', 'Cau Dien', 'Từ Liêm', 105.7617, 21.0415],
  kimMa: ['Kim Mã – Nguyễn Chí Thanh', 'Kim Ma – Nguyen Chi Thanh', 'Giảng Võ', 105.8126, 21.0302],
  kimMaEast: ['Bến xe Kim Mã', 'Kim Ma bus station', 'Ba Đình', 105.829, 21.0326],
  huynhThucKhang: ['Nguyễn Chí Thanh – Huỳnh Thúc Kháng', 'Nguyen Chi Thanh – Huynh Thuc Khang', 'Láng', 105.8081, 21.0199],
  tranDuyHung: ['Trần Duy Hưng – Láng', 'Tran Duy Hung – Lang', 'Láng', 105.8048, 21.0153],
  trungKinh: ['Trần Duy Hưng – Trung Kính', 'Tran Duy Hung – Trung Kinh', 'Yên Hoà', 105.8026, 21.0135],
  trungHoa: ['Nút giao Trung Hòa', 'Trung Hoa interchange', 'Yên Hoà', 105.792, 21.0056],
  meTri: ['Phạm Hùng – Mễ Trì', 'Pham Hung – Me Tri', 'Từ Liêm', 105.782, 21.0177],
  myDinh: ['Bến xe Mỹ Đình', 'My Dinh bus station', 'Cầu Giấy', 105.7794, 21.0287],
  phamVanDong: ['Phạm Văn Đồng – Hoàng Quốc Việt', 'Pham Van Dong – Hoang Quoc Viet', 'Phú Diễn', 105.7811, 21.046],
  xuanDinh: ['Phạm Văn Đồng – Tân Xuân', 'Pham Van Dong – Tan Xuan', 'Đông Ngạc', 105.7869, 21.078],
  nguyenVanHuyen: ['Hoàng Quốc Việt – Nguyễn Văn Huyên', 'Hoang Quoc Viet – Nguyen Van Huyen', 'Nghĩa Đô', 105.7975, 21.0461],
  buoi: ['Chợ Bưởi', 'Buoi market', 'Ngọc Hà', 105.8055, 21.0463],
  daoTan: ['Bưởi – Đào Tấn', 'Buoi – Dao Tan', 'Giảng Võ', 105.805, 21.0344],
  phuThuong: ['Võ Chí Công – Nguyễn Hoàng Tôn', 'Vo Chi Cong – Nguyen Hoang Ton', 'Phú Thượng', 105.8089, 21.0705],
  nhatTan: ['Nam cầu Nhật Tân', 'Nhat Tan bridge, south end', 'Phú Thượng', 105.8154, 21.0829],
  lang: ['Láng Hạ – Láng', 'Lang Ha – Lang', 'Láng', 105.8109, 21.0109],
  langHa: ['Láng Hạ – Thái Hà', 'Lang Ha – Thai Ha', 'Đống Đa', 105.815, 21.0164],
  giangVo: ['Giảng Võ – La Thành', 'Giang Vo – La Thanh', 'Giảng Võ', 105.8197, 21.0234],
  hoangDaoThuy: ['Lê Văn Lương – Hoàng Đạo Thúy', 'Le Van Luong – Hoang Dao Thuy', 'Yên Hoà', 105.8046, 21.0054],
  leVanLuong: ['Khuất Duy Tiến – Lê Văn Lương', 'Khuat Duy Tien – Le Van Luong', 'Thanh Xuân', 105.7969, 20.9997],
  vanPhuc: ['Tố Hữu – Vạn Phúc', 'To Huu – Van Phuc', 'Hà Đông', 105.7704, 20.9826],
  nguyenXien: ['Nguyễn Xiển – Nghiêm Xuân Yêm', 'Nguyen Xien – Nghiem Xuan Yem', 'Định Công', 105.8126, 20.9785],
  tranHungDao: ['Trần Khánh Dư – Trần Hưng Đạo', 'Tran Khanh Du – Tran Hung Dao', 'Hai Bà Trưng', 105.8618, 21.0185],
  operaHouse: ['Trần Quang Khải – Tràng Tiền', 'Tran Quang Khai – Trang Tien', 'Hoàn Kiếm', 105.86, 21.0251],
  chuongDuong: ['Trần Nhật Duật – cầu Chương Dương', 'Tran Nhat Duat – Chuong Duong bridge', 'Hồng Hà', 105.8548, 21.0351],
  chuongDuongNorth: ['Bắc cầu Chương Dương', 'Chuong Duong bridge, north end', 'Bồ Đề', 105.8658, 21.0398],
  nguyenVanLinh: ['Nguyễn Văn Cừ – Nguyễn Văn Linh', 'Nguyen Van Cu – Nguyen Van Linh', 'Bồ Đề', 105.8881, 21.0548],
  yenPhu: ['Yên Phụ – Thanh Niên', 'Yen Phu – Thanh Nien', 'Hồng Hà', 105.8401, 21.0507],
  nghiTam: ['Nghi Tàm – Âu Cơ', 'Nghi Tam – Au Co', 'Hồng Hà', 105.8346, 21.0588],
  auCo: ['Âu Cơ – Lạc Long Quân', 'Au Co – Lac Long Quan', 'Tây Hồ', 105.818, 21.0812],
  vanCao: ['Văn Cao – Thụy Khuê', 'Van Cao – Thuy Khue', 'Tây Hồ', 105.8168, 21.0432],
  lieuGiai: ['Liễu Giai – Đào Tấn', 'Lieu Giai – Dao Tan', 'Giảng Võ', 105.8131, 21.0313],
  leQuangDao: ['Đại lộ Thăng Long – Lê Quang Đạo', 'Thang Long boulevard – Le Quang Dao', 'Từ Liêm', 105.7731, 21.005],
  kimLien: ['Xã Đàn – Phạm Ngọc Thạch', 'Xa Dan – Pham Ngoc Thach', 'Kim Liên', 105.8368, 21.0109],
  chuaBoc: ['Chùa Bộc – Phạm Ngọc Thạch', 'Chua Boc – Pham Ngoc Thach', 'Kim Liên', 105.8311, 21.0062],
} as const satisfies Record<string, Place>;
type PlaceName = keyof typeof places;

export type RoadClass = 'motorway' | 'arterial' | 'street';

interface Road {
  readonly id: string;
  readonly nameVi: string;
  readonly nameEn: string;
  readonly roadClass: RoadClass;
  readonly lanes: number; // Of one direction.
  readonly freeFlowKmh: number;
  /** Demand of the busiest hour over capacity; above 1 a queue grows every working day. */
  readonly load: number;
  /** In the order that leads towards the centre, or for ring roads clockwise. */
  readonly along: readonly PlaceName[];
}

function road(id: string, nameVi: string, nameEn: string, roadClass: RoadClass, lanes: number, freeFlowKmh: number, load: number, ...along: PlaceName[]): Road {
  return { id, nameVi, nameEn, roadClass, lanes, freeFlowKmh, load, along };
}

const roads: readonly Road[] = [
  road('nguyen-trai', 'Nguyễn Trãi', 'Nguyen Trai', 'arterial', 4, 48, 1.06, 'phungKhoang', 'khuatDuyTien', 'ngaTuSo'),
  road('tran-phu-ha-dong', 'Trần Phú (Hà Đông)', 'Tran Phu (Ha Dong)', 'arterial', 3, 46, 0.9, 'haDong', 'phungKhoang'),
  road('tay-son', 'Tây Sơn – Tôn Đức Thắng', 'Tay Son – Ton Duc Thang', 'arterial', 3, 42, 1.02, 'ngaTuSo', 'thaiHa', 'oChoDua', 'vanMieu'),
  road('truong-chinh', 'Trường Chinh – Đại La – Minh Khai', 'Truong Chinh – Dai La – Minh Khai', 'arterial', 3, 46, 1.0, 'ngaTuSo', 'tonThatTung', 'vong', 'trungHien', 'maiDong', 'minhKhai'),
  road('vinh-tuy', 'Cầu Vĩnh Tuy', 'Vinh Tuy bridge', 'arterial', 3, 58, 0.94, 'coLinh', 'vinhTuyNorth', 'minhKhai'),
  road('giai-phong', 'Giải Phóng', 'Giai Phong', 'arterial', 4, 48, 0.98, 'phapVan', 'kimDong', 'vong', 'daiCoViet'),
  road('le-duan', 'Lê Duẩn', 'Le Duan', 'arterial', 3, 42, 0.86, 'daiCoViet', 'khamThien', 'hanoiStation'),
  road('dai-co-viet', 'Đại Cồ Việt – Trần Khát Chân', 'Dai Co Viet – Tran Khat Chan', 'arterial', 4, 48, 0.88, 'nguyenKhoai', 'oCauDen', 'baTrieu', 'daiCoViet'),
  road('cau-giay', 'Hồ Tùng Mậu – Xuân Thủy – Cầu Giấy', 'Ho Tung Mau – Xuan Thuy – Cau Giay', 'arterial', 3, 44, 1.03, 'cauDien', 'leDucTho', 'maiDich', 'xuanThuy', 'cauGiay'),
  road('kim-ma', 'Kim Mã', 'Kim Ma', 'arterial', 3, 42, 0.93, 'cauGiay', 'kimMa', 'kimMaEast'),
  road('nguyen-chi-thanh', 'Nguyễn Chí Thanh', 'Nguyen Chi Thanh', 'arterial', 3, 50, 0.9, 'tranDuyHung', 'huynhThucKhang', 'kimMa'),
  road('tran-duy-hung', 'Trần Duy Hưng', 'Tran Duy Hung', 'arterial', 4, 50, 0.95, 'trungHoa', 'trungKinh', 'tranDuyHung'),
  road('pham-hung', 'Phạm Hùng', 'Pham Hung', 'arterial', 4, 54, 0.96, 'maiDich', 'myDinh', 'meTri', 'trungHoa'),
  road('khuat-duy-tien', 'Khuất Duy Tiến', 'Khuat Duy Tien', 'arterial', 4, 52, 1.01, 'trungHoa', 'leVanLuong', 'khuatDuyTien'),
  road('nguyen-xien', 'Nguyễn Xiển', 'Nguyen Xien', 'arterial', 3, 50, 0.99, 'nguyenXien', 'khuatDuyTien'),
  road('pham-van-dong', 'Phạm Văn Đồng', 'Pham Van Dong', 'arterial', 5, 56, 0.87, 'xuanDinh', 'phamVanDong', 'maiDich'),
  road('hoang-quoc-viet', 'Hoàng Quốc Việt', 'Hoang Quoc Viet', 'arterial', 4, 50, 0.84, 'phamVanDong', 'nguyenVanHuyen', 'buoi'),
  road('duong-buoi', 'Đường Bưởi', 'Buoi road', 'arterial', 2, 46, 0.9, 'buoi', 'daoTan', 'cauGiay'),
  road('duong-lang', 'Đường Láng', 'Lang road', 'arterial', 2, 42, 1.05, 'cauGiay', 'tranDuyHung', 'lang', 'ngaTuSo'),
  road('vo-chi-cong', 'Võ Chí Công', 'Vo Chi Cong', 'arterial', 4, 62, 0.8, 'nhatTan', 'phuThuong', 'buoi'),
  road('lang-ha', 'Láng Hạ', 'Lang Ha', 'arterial', 3, 46, 0.91, 'lang', 'langHa', 'giangVo'),
  road('le-van-luong', 'Lê Văn Lương', 'Le Van Luong', 'arterial', 3, 46, 1.04, 'leVanLuong', 'hoangDaoThuy', 'lang'),
  road('to-huu', 'Tố Hữu', 'To Huu', 'arterial', 3, 48, 1.03, 'vanPhuc', 'leVanLuong'),
  road('tran-quang-khai', 'Trần Khánh Dư – Trần Nhật Duật', 'Tran Khanh Du – Tran Nhat Duat', 'arterial', 4, 52, 0.85, 'nguyenKhoai', 'tranHungDao', 'operaHouse', 'chuongDuong'),
  road('nghi-tam', 'Âu Cơ – Nghi Tàm – Yên Phụ', 'Au Co – Nghi Tam – Yen Phu', 'arterial', 3, 52, 0.83, 'auCo', 'nghiTam', 'yenPhu', 'chuongDuong'),
  road('chuong-duong', 'Cầu Chương Dương', 'Chuong Duong bridge', 'arterial', 2, 44, 1.0, 'chuongDuongNorth', 'chuongDuong'),
  road('nguyen-van-cu', 'Nguyễn Văn Cừ', 'Nguyen Van Cu', 'arterial', 4, 50, 0.9, 'nguyenVanLinh', 'chuongDuongNorth'),
  road('thang-long', 'Đại lộ Thăng Long (đường gom)', 'Thang Long boulevard (frontage road)', 'arterial', 3, 58, 0.8, 'leQuangDao', 'trungHoa'),
  road('thai-ha', 'Thái Hà', 'Thai Ha', 'street', 2, 36, 0.95, 'langHa', 'thaiHa'),
  road('chua-boc', 'Chùa Bộc – Phạm Ngọc Thạch', 'Chua Boc – Pham Ngoc Thach', 'street', 2, 36, 0.97, 'thaiHa', 'chuaBoc', 'kimLien'),
  road('xa-dan', 'Xã Đàn', 'Xa Dan', 'arterial', 3, 48, 0.89, 'oChoDua', 'kimLien', 'daiCoViet'),
  road('van-cao', 'Liễu Giai – Văn Cao', 'Lieu Giai – Van Cao', 'street', 3, 42, 0.78, 'vanCao', 'lieuGiai', 'kimMa'),
  road('vanh-dai-3', 'Vành đai 3 trên cao', 'Ring road 3, elevated', 'motorway', 2, 82, 0.97, 'maiDich', 'trungHoa', 'khuatDuyTien', 'nguyenXien'),
];

/** One direction of one stretch of road: what a detector watches. */
export interface Stretch {
  readonly id: string;
  readonly road: string;
  readonly nameVi: string;
  readonly nameEn: string;
  readonly ward: string;
  readonly roadClass: RoadClass;
  readonly lanes: number;
  readonly lengthM: number;
  readonly freeFlowKmh: number;
  readonly load: number;
  /** Towards the centre busy in the morning, away from it in the evening. */
  readonly inbound: boolean;
  /** Its number among the stretches that may have the day's accident. */
  readonly number: number;
  readonly line: readonly [readonly [number, number], readonly [number, number]];
}

export interface RoadRecord {
  readonly id: string;
  readonly nameVi: string;
  readonly nameEn: string;
  readonly roadClass: RoadClass;
  readonly line: readonly (readonly [number, number])[];
}

export const roadRecords: readonly RoadRecord[] = roads.map(({ id, nameVi, nameEn, roadClass, along }) => ({ id: `hn-${id}`, nameVi, nameEn, roadClass, line: along.map((name) => at(places[name])) }));

const sections: readonly (readonly [Stretch, Stretch])[] = roads.flatMap((of) =>
  of.along.slice(1).map((to, index) => [stretchOf(of, index + 1, of.along[index]!, to, true), stretchOf(of, index + 1, of.along[index]!, to, false)] as const),
);

/**
 * All stretches between two named junctions: first each section in one of its directions, by turns into the centre and
 * out of it, so that both rush hours show; then the other direction of each.
 */
export const namedStretches: readonly Stretch[] = [...sections.map((both, index) => both[index % 2]!), ...sections.map((both, index) => both[1 - (index % 2)]!)].map((stretch, number) => ({ ...stretch, number }));

/**
 * As many stretches as asked for: the named ones first, then parts of 100 m at most along them, so that the first ones
 * stay the same whatever the number.
 */
export function stretches(count: number): Stretch[] {
  const result = namedStretches.slice(0, count);
  for (let part = 1; result.length < count; part++) {
    for (const whole of namedStretches) {
      if (result.length === count) break;
      result.push(partOf(whole, part));
    }
  }
  return result;
}

function stretchOf(of: Road, section: number, first: PlaceName, second: PlaceName, inbound: boolean): Stretch {
  const [from, to] = inbound ? [places[first], places[second]] : [places[second], places[first]];
  const line = [at(from), at(to)] as const;
  return {
    id: `hn-${of.id}-${section}${inbound ? 'a' : 'b'}`,
    road: `hn-${of.id}`,
    nameVi: `${of.nameVi}: ${from[0]} → ${to[0]}`,
    nameEn: `${of.nameEn}: ${from[1]} → ${to[1]}`,
    ward: to[2],
    roadClass: of.roadClass,
    lanes: of.lanes,
    lengthM: Math.round(distanceM(line[0], line[1])),
    freeFlowKmh: of.freeFlowKmh,
    load: of.load,
    inbound,
    number: 0,
    line,
  };
}

function partOf(whole: Stretch, part: number): Stretch {
  // Multiples of the golden ratio fall evenly however many there are.
  const middle = (part * 0.618034) % 1;
  const half = Math.min(0.5, 50 / whole.lengthM);
  const [low, high] = [Math.max(0, middle - half), Math.min(1, middle + half)];
  return {
    ...whole,
    id: `${whole.id}-p${part}`,
    nameVi: `${whole.nameVi}, đoạn ${part}`,
    nameEn: `${whole.nameEn}, part ${part}`,
    lengthM: Math.max(1, Math.round(whole.lengthM * (high - low))),
    line: [between(whole.line, low), between(whole.line, high)],
  };
}

function at(place: Place): readonly [number, number] {
  return [place[3], place[4]];
}

function between([from, to]: Stretch['line'], share: number): readonly [number, number] {
  const round = (degrees: number) => Math.round(degrees * 1e6) / 1e6;
  return [round(from[0] + (to[0] - from[0]) * share), round(from[1] + (to[1] - from[1]) * share)];
}

/** Metres between two near points, on a sphere of the earth's mean radius of 6371 km. */
function distanceM(a: readonly [number, number], b: readonly [number, number]): number {
  const radians = Math.PI / 180;
  const x = (b[0] - a[0]) * radians * Math.cos(((a[1] + b[1]) / 2) * radians);
  const y = (b[1] - a[1]) * radians;
  return Math.hypot(x, y) * 6_371_000;
}
