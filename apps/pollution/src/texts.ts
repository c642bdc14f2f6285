/** Words that operators and citizens read beside the figures, in both languages. Levels and advice are dated rows. */
import { pollutants, type Pollutant, type PollutionFlag, type StationGrade } from '#contracts';
import { metricTexts } from './catalogue.js';

export interface Text {
  readonly nameVi: string;
  readonly nameEn: string;
}

export const flagTexts: Readonly<Record<PollutionFlag, Text>> = {
  range: { nameVi: 'Ngoài khoảng hợp lý', nameEn: 'Outside the plausible range' },
  flatline: { nameVi: 'Giá trị không đổi quá lâu', nameEn: 'The same value for too long' },
  spike: { nameVi: 'Giá trị nhảy vọt', nameEn: 'Spike' },
  stale: { nameVi: 'Quá lâu không có số liệu mới', nameEn: 'No new reading for too long' },
  rh_high: { nameVi: 'Độ ẩm quá cao đối với thiết bị', nameEn: 'Too humid for the instrument' },
  drift: { nameVi: 'Trôi giá trị', nameEn: 'Drift' },
  neighbour: { nameVi: 'Khác xa các trạm lân cận', nameEn: 'Far from neighbouring stations' },
  channel_disagree: { nameVi: 'Hai kênh đo mâu thuẫn', nameEn: 'Two sensors contradict each other' },
  calib: { nameVi: 'Đang hiệu chuẩn', nameEn: 'Calibration' },
  comm_gap: { nameVi: 'Gián đoạn truyền số liệu', nameEn: 'Gap in transmission' },
  imputed: { nameVi: 'Giá trị ước tính, không phải đo', nameEn: 'Imputed, not measured' },
  estimated_time: { nameVi: 'Thời gian ước tính', nameEn: 'Estimated time' },
  invalid: { nameVi: 'Thiết bị báo không hợp lệ', nameEn: 'Called invalid by the device' },
};

export const statusTexts: Readonly<Record<'ok' | 'insufficient', Text>> = {
  ok: { nameVi: 'Đủ số liệu', nameEn: 'Sufficient data' },
  insufficient: { nameVi: 'Không đủ số liệu để tính chỉ số', nameEn: 'Not enough data for an index' },
};

export const gradeTexts: Readonly<Record<StationGrade, Text>> = {
  regulatory: { nameVi: 'Trạm quan trắc tự động theo quy định', nameEn: 'Regulatory station' },
  reference: { nameVi: 'Trạm tham khảo: chỉ công bố nồng độ', nameEn: 'Reference station: concentrations only' },
};

export const sourceTexts: Readonly<Record<'measured' | 'replayed', Text>> = {
  measured: { nameVi: 'Số liệu đo trực tiếp của trạm, chưa hiệu chỉnh độ ẩm', nameEn: 'Measured by the station, without correction for humidity' },
  replayed: { nameVi: 'Số liệu đã ghi, được phát lại', nameEn: 'Recorded data, replayed' },
};

export const averagings = ['1h', '8h', '24h'] as const;
export type Averaging = (typeof averagings)[number];
export const averagingTexts: Readonly<Record<Averaging, Text>> = {
  '1h': { nameVi: 'Trung bình 1 giờ', nameEn: '1-hour mean' },
  '8h': { nameVi: 'Trung bình 8 giờ', nameEn: '8-hour mean' },
  '24h': { nameVi: 'Trung bình 24 giờ', nameEn: '24-hour mean' },
};

/** Beside a figure that rests on a dated row which nobody has compared with its source. */
export const badges: Readonly<Record<'verified' | 'unverified', Text>> = {
  verified: { nameVi: 'đã kiểm chứng', nameEn: 'verified' },
  unverified: { nameVi: 'chưa kiểm chứng', nameEn: 'not verified' },
};

export const pollutantTexts = Object.fromEntries(pollutants.map((name) => [name, metricTexts[`${name}UgM3`]])) as Readonly<Record<Pollutant, Text>>;
