/** The master records of the alarms about the city's own machinery: gateways, processes, Kafka, the database, the channels. */
import { alarmSeed, type AlarmMaster } from './alarm-master.js';
import type { DatedRow } from './dated-row.js';

const base = { latching: false, reviewDate: '2027-06-30', ownerVi: 'Bộ phận vận hành hệ thống', ownerEn: 'System operations' } as const;
const limited = { limitRowKind: 'alarm.limit', deadbandField: 'leaveBelow' } as const;
const unlimited = { limitRowKind: null, deadbandField: null } as const;
const withoutDatabase: AlarmMaster['suppressedBy'] = [{ alarmType: 'system/database-down', relation: 'same-city' }];

const records: Readonly<Record<string, AlarmMaster>> = {
  'gateway-offline': {
    nameVi: 'Thiết bị trung chuyển mất kết nối', nameEn: 'Gateway offline',
    causeVi: 'Mất điện tủ thiết bị, đứt đường truyền, SIM hết hạn, thiết bị trung chuyển treo.', causeEn: 'Loss of power in the cabinet, a broken line, an expired SIM, a gateway that hangs.',
    consequenceVi: 'Mọi thiết bị phía sau không gửi được dữ liệu; khu vực đó không được giám sát.', consequenceEn: 'No device behind it can send; nobody watches that area.',
    responseVi: 'Kiểm tra nguồn điện và đường truyền của tủ, khởi động lại thiết bị trung chuyển từ xa; nếu không được, cử đội bảo trì.', responseEn: 'Check power and line of the cabinet, restart the gateway from afar; if that fails, send maintenance.',
    severity: 'service', respondWithinS: 1_800, levels: { offline: { nameVi: 'mất kết nối', nameEn: 'offline', severity: 'service', respondWithinS: 1_800 } },
    ...unlimited, ...base, onDelayS: 60, offDelayS: 120, groupKey: 'gateway', suppressedBy: [{ alarmType: 'system/ingest-down', relation: 'same-city' }],
  },
  'ingest-down': {
    nameVi: 'Cổng tiếp nhận dữ liệu ngừng hoạt động', nameEn: 'Ingest does not answer',
    causeVi: 'Tiến trình tiếp nhận dừng, máy chủ hoặc mạng hỏng, Kafka không nhận ghi.', causeEn: 'The ingest process has stopped, a server or the network is broken, Kafka takes no writes.',
    consequenceVi: 'Không thiết bị nào gửi được dữ liệu; thiết bị không có bộ nhớ đệm sẽ mất dữ liệu.', consequenceEn: 'No device can send; those without a store of their own lose data.',
    responseVi: 'Xem trạng thái tiến trình tiếp nhận và Kafka, khởi động lại tiến trình; báo trực kỹ thuật nếu chưa phục hồi sau 5 phút.', responseEn: 'Look at the state of ingest and Kafka, restart the process; call the engineer on duty if it is not back in 5 minutes.',
    severity: 'major', respondWithinS: 300, levels: { down: { nameVi: 'ngừng hoạt động', nameEn: 'down', severity: 'major', respondWithinS: 300 } },
    ...unlimited, ...base, onDelayS: 30, offDelayS: 60, groupKey: 'process', suppressedBy: [],
  },
  'consumer-lag': {
    nameVi: 'Xử lý dữ liệu bị chậm', nameEn: 'A consumer lags behind',
    causeVi: 'Lượng dữ liệu tăng đột ngột, cơ sở dữ liệu chậm, tiến trình xử lý dừng.', causeEn: 'A burst of data, a slow database, a consumer that has stopped.',
    consequenceVi: 'Người trực thấy tình trạng cũ; cảnh báo đến muộn.', consequenceEn: 'Operators see an old state of the city; alarms come late.',
    responseVi: 'Xem độ trễ theo từng phân vùng và tải của cơ sở dữ liệu; khởi động lại tiến trình xử lý nếu nó không tiến lên.', responseEn: 'Look at the lag by partition and at the load of the database; restart the consumer if it does not move.',
    severity: 'service', respondWithinS: 1_800, levels: { lagging: { nameVi: 'bị chậm', nameEn: 'lagging', severity: 'service', respondWithinS: 1_800 } },
    ...limited, ...base, onDelayS: 120, offDelayS: 120, groupKey: 'process', suppressedBy: withoutDatabase,
  },
  'retention-near': {
    nameVi: 'Dữ liệu chưa xử lý sắp bị Kafka xoá', nameEn: 'Kafka is about to delete what is not stored yet',
    causeVi: 'Tiến trình xử lý dừng lâu hoặc chậm hơn lượng dữ liệu đến; thời gian lưu của Kafka quá ngắn.', causeEn: 'A consumer has long stopped, or is slower than what arrives; Kafka’s retention is too short.',
    consequenceVi: 'Dữ liệu đã tiếp nhận sẽ mất vĩnh viễn.', consequenceEn: 'Readings that were accepted are lost for ever.',
    responseVi: 'Tăng ngay thời gian lưu của chủ đề Kafka, sau đó tìm nguyên nhân chậm và khởi động lại tiến trình xử lý.', responseEn: 'Raise the retention of the topic at once, then find why the consumer is slow and restart it.',
    severity: 'major', respondWithinS: 300, levels: { near: { nameVi: 'sắp bị xoá', nameEn: 'near', severity: 'major', respondWithinS: 300 } },
    ...limited, ...base, onDelayS: 0, offDelayS: 300, groupKey: 'process', suppressedBy: [],
  },
  'dead-letters-rising': {
    nameVi: 'Thông điệp bị loại tăng bất thường', nameEn: 'Dead letters are rising',
    causeVi: 'Thiết bị đổi định dạng hoặc sai đồng hồ, thiết bị chưa đăng ký, lỗi của phiên bản mới.', causeEn: 'Devices with a new format or a wrong clock, devices that are not registered, a fault of a new version.',
    consequenceVi: 'Số liệu của các thiết bị đó thiếu trong thống kê và cảnh báo.', consequenceEn: 'Readings of those devices are missing in figures and alarms.',
    responseVi: 'Xem danh sách thông điệp bị loại theo lý do; sửa đăng ký hoặc định dạng thiết bị rồi phát lại các thông điệp.', responseEn: 'List the dead letters by reason; mend the registration or format of the devices, then replay the messages.',
    severity: 'service', respondWithinS: 28_800, levels: { rising: { nameVi: 'đang tăng', nameEn: 'rising', severity: 'service', respondWithinS: 28_800 } },
    ...limited, ...base, onDelayS: 0, offDelayS: 600, groupKey: 'process', suppressedBy: [],
  },
  'database-down': {
    nameVi: 'Cơ sở dữ liệu không trả lời', nameEn: 'The database does not answer',
    causeVi: 'Máy chủ cơ sở dữ liệu dừng, hết kết nối hoặc hết đĩa, mạng hỏng.', causeEn: 'The server has stopped, is out of connections or of disk, or the network is broken.',
    consequenceVi: 'Không lưu và không xem được dữ liệu; cảnh báo mới không được ghi cho đến khi phục hồi.', consequenceEn: 'Nothing is stored and nothing can be looked at; new alarms are not recorded until it is back.',
    responseVi: 'Kiểm tra máy chủ cơ sở dữ liệu và đĩa, khởi động lại; chuyển sang giám sát bằng camera trong lúc chờ.', responseEn: 'Check the database server and its disk, restart it; watch the city by camera meanwhile.',
    severity: 'major', respondWithinS: 300, levels: { down: { nameVi: 'không trả lời', nameEn: 'down', severity: 'major', respondWithinS: 300 } },
    ...limited, ...base, onDelayS: 0, offDelayS: 60, groupKey: 'process', suppressedBy: [],
  },
  disk: {
    nameVi: 'Đĩa lưu trữ sắp đầy', nameEn: 'A disk fills up',
    causeVi: 'Dữ liệu tăng nhanh hơn dự kiến, nén hoặc xoá dữ liệu cũ không chạy, nhật ký quá lớn.', causeEn: 'Data grow faster than planned, compression or deletion of old data does not run, logs are too large.',
    consequenceVi: 'Khi đĩa đầy, Kafka và cơ sở dữ liệu dừng và không tiếp nhận được dữ liệu.', consequenceEn: 'Once the disk is full, Kafka and the database stop, and nothing is accepted.',
    responseVi: 'Tìm phần chiếm nhiều nhất, kiểm tra việc nén và thời gian lưu, xoá nhật ký cũ hoặc mở rộng đĩa.', responseEn: 'Find what takes most, check compression and retention, delete old logs or enlarge the disk.',
    severity: 'service', respondWithinS: 28_800,
    levels: { filling: { nameVi: 'đang đầy dần', nameEn: 'filling', severity: 'service', respondWithinS: 28_800 }, 'nearly-full': { nameVi: 'gần đầy', nameEn: 'nearly full', severity: 'major', respondWithinS: 300 } },
    ...limited, ...base, onDelayS: 60, offDelayS: 300, groupKey: 'process', suppressedBy: [],
  },
  'channel-failed': {
    nameVi: 'Kênh thông báo không gửi được', nameEn: 'A notification channel fails',
    causeVi: 'Máy chủ thư, cổng SMS hoặc hệ thống nhận không trả lời; mật khẩu hoặc chứng chỉ hết hạn.', causeEn: 'The mail server, SMS gateway or receiving system does not answer; a password or certificate has expired.',
    consequenceVi: 'Người cần biết không nhận được thông báo về cảnh báo mức cao.', consequenceEn: 'Those who must know are not told of high alarms.',
    responseVi: 'Gọi điện trực tiếp cho người trực theo danh sách; kiểm tra cấu hình kênh và gửi thử sau khi sửa.', responseEn: 'Call the people on duty by phone; check the settings of the channel, and send a test once it is mended.',
    severity: 'major', respondWithinS: 300, levels: { failed: { nameVi: 'không gửi được', nameEn: 'failed', severity: 'major', respondWithinS: 300 } },
    ...limited, ...base, onDelayS: 0, offDelayS: 0, groupKey: 'channel', suppressedBy: [],
  },
  'roster-gap': {
    nameVi: 'Lịch trực có khoảng trống', nameEn: 'A gap in the duty roster',
    causeVi: 'Ca trực chưa phân công, người trực nghỉ mà chưa có người thay.', causeEn: 'A shift is not assigned, or somebody is away and nobody stands in.',
    consequenceVi: 'Trong khoảng đó không ai nhận thông báo và xác nhận cảnh báo.', consequenceEn: 'In that time nobody is told of alarms or acknowledges them.',
    responseVi: 'Phân công người trực cho khoảng trống; nếu đang diễn ra, trưởng ca nhận trực ngay.', responseEn: 'Assign somebody to the gap; if it is now, the shift head takes over at once.',
    severity: 'major', respondWithinS: 1_800, levels: { gap: { nameVi: 'có khoảng trống', nameEn: 'gap', severity: 'major', respondWithinS: 1_800 } },
    ...unlimited, ...base, onDelayS: 0, offDelayS: 0, groupKey: 'process', suppressedBy: [],
  },
  'out-of-service-overdue': {
    nameVi: 'Cảnh báo ngừng phục vụ quá hạn', nameEn: 'Out of service beyond its time',
    causeVi: 'Bảo trì kéo dài, hoặc quên đưa cảnh báo trở lại phục vụ.', causeEn: 'Maintenance takes longer, or somebody forgot to bring the alarm back.',
    consequenceVi: 'Tình trạng thật có thể bị ẩn mà không còn giấy phép.', consequenceEn: 'A true condition may stay hidden without a permit.',
    responseVi: 'Hỏi đội bảo trì; đưa cảnh báo trở lại phục vụ, hoặc lập giấy phép mới.', responseEn: 'Ask maintenance; bring the alarm back into service, or issue a new permit.',
    severity: 'care', respondWithinS: 28_800, levels: { overdue: { nameVi: 'quá hạn', nameEn: 'overdue', severity: 'care', respondWithinS: 28_800 } },
    ...unlimited, ...base, onDelayS: 0, offDelayS: 0, groupKey: 'process', suppressedBy: [],
  },
};

const limits: readonly DatedRow[] = [
  alarmSeed('alarm.limit', 'system/consumer-lag', [{ level: 'lagging', enterAbove: 60, leaveBelow: 30 }], 's'),
  alarmSeed('alarm.limit', 'system/retention-near', [{ level: 'near', enterAbove: 0.5, leaveBelow: 0.4 }], 'share'),
  alarmSeed('alarm.limit', 'system/dead-letters-rising', [{ level: 'rising', enterAbove: 0.01, leaveBelow: 0.005 }], 'share'),
  alarmSeed('alarm.limit', 'system/database-down', [{ level: 'down', enterAbove: 30, leaveBelow: 0 }], 's'),
  alarmSeed('alarm.limit', 'system/disk', [{ level: 'filling', enterAbove: 0.8, leaveBelow: 0.75 }, { level: 'nearly-full', enterAbove: 0.9, leaveBelow: 0.87 }], 'share'),
  alarmSeed('alarm.limit', 'system/channel-failed', [{ level: 'failed', enterAbove: 2, leaveBelow: 0 }], 'failed sends running'),
];

export const systemAlarms: readonly DatedRow[] = [...Object.entries(records).map(([type, record]) => alarmSeed('alarm.master', `system/${type}`, record)), ...limits];
