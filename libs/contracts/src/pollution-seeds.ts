/**
 * The dated rows that pollution starts with: VN_AQI, QCVN 05:2023, WHO 2021, US AQI, and defaults of the house.
 *
 * Seeds only: people change them through the API. `verifiedBy` is empty wherever nobody has compared the value with the
 * text of the law; screens then show "chưa kiểm chứng / not verified".
 */
import type { DatedRow } from './dated-row.js';
import type { PollutionRowKind, PollutionRowValue, UsAqiColumn, VnAqiColumn, VnLevel } from './pollution-rows.js';

const checked = 'domain study against the source';
const always = '2000-01-01T00:00:00Z';

interface Seed<K extends PollutionRowKind> {
  readonly key: string;
  /** The last part of the id: year or name of the source. */
  readonly of: string;
  readonly value: PollutionRowValue<K>;
  readonly unit: string;
  readonly source: string;
  readonly legalBasis?: string;
  readonly article?: string;
  readonly validFrom?: string;
  readonly validTo?: string | null;
  readonly verified?: boolean;
}

function row<K extends PollutionRowKind>(kind: K, { key, of, value, unit, source, legalBasis = '', article = '', validFrom = always, validTo = null, verified = false }: Seed<K>): DatedRow {
  const id = [kind, ...(key === '' ? [] : [key]), of].join('.');
  return { id, kind, key, legalBasis, article, validFrom, validTo, value, unit, source, verifiedBy: verified ? checked : null };
}

/**
 * In force since November 2019. Replays of earlier years are computed by it too, since the scheme of 2011 is not entered:
 * so `validFrom` lies before that date, and the source says it.
 */
const decision1459 = { of: '1459', legalBasis: 'Decision 1459/QĐ-TCMT of 12/11/2019', source: 'Decision 1459/QĐ-TCMT; also applied to hours before 12/11/2019 until the rows of Decision 878/QĐ-TCMT are entered' };

const toTop = [0, 50, 100, 150, 200, 300, 400, 500];
const columns: Record<VnAqiColumn, readonly number[]> = {
  pm25: [0, 25, 50, 80, 150, 250, 350, 500],
  pm10: [0, 50, 150, 250, 350, 420, 500, 600],
  'o3-1h': [0, 160, 200, 300, 400, 800, 1000, 1200],
  'o3-8h': [0, 100, 120, 170, 210, 400],
  no2: [0, 100, 200, 700, 1200, 2350, 3100, 3850],
  so2: [0, 125, 350, 550, 800, 1600, 2100, 2630],
  co: [0, 10_000, 30_000, 45_000, 60_000, 90_000, 120_000, 150_000],
};
const breakpoints = Object.entries(columns).map(([key, ugM3]) =>
  row('pollution.vn-aqi', { key, ...decision1459, article: 'Bảng 2', unit: 'µg/m³', verified: true, value: { index: toTop.slice(0, ugM3.length), ugM3: [...ugM3], aboveLast: ugM3.length === toTop.length ? 'last-index' : 'not-used' } }),
);

const particulate = ['pm25', 'pm10'] as const;
const rule = row('pollution.vn-aqi-rule', {
  key: '',
  ...decision1459,
  unit: '',
  source: `${decision1459.source}; order of ties, and particulate matter as a condition of the day, are defaults of the house`,
  value: { needsOneOf: [...particulate], tieOrder: ['pm25', 'pm10', 'o3', 'no2', 'so2', 'co'], nameVi: 'VN_AQI, QĐ 1459/QĐ-TCMT', nameEn: 'VN_AQI, Decision 1459/QĐ-TCMT' },
});

const normalised = { hours: 12, newestNeeded: 2, newestOf: 3, weightFloor: 0.5, formVi: 'NowCast chuẩn hoá theo tổng trọng số', formEn: 'NowCast normalised by the sum of weights' };
const epaNowcast = { of: 'epa', unit: '', verified: true, source: 'US EPA, NowCast for PM2.5 and PM10 (EPA-454/B-24-002), result truncated' };
const nowcasts = [
  row('pollution.nowcast', { key: 'vn', ...decision1459, unit: '', verified: true, value: { ...normalised, truncateDecimals: null } }),
  row('pollution.nowcast', { key: 'epa-pm25', ...epaNowcast, value: { ...normalised, truncateDecimals: 1 } }),
  row('pollution.nowcast', { key: 'epa-pm10', ...epaNowcast, value: { ...normalised, truncateDecimals: 0 } }),
];

type Level = PollutionRowValue<'pollution.aqi-level'>;
const colours = {
  green: { colourVi: 'Xanh', colourEn: 'Green', rgb: [0, 228, 0] },
  yellow: { colourVi: 'Vàng', colourEn: 'Yellow', rgb: [255, 255, 0] },
  orange: { colourVi: 'Da cam', colourEn: 'Orange', rgb: [255, 126, 0] },
  red: { colourVi: 'Đỏ', colourEn: 'Red', rgb: [255, 0, 0] },
  purple: { colourVi: 'Tím', colourEn: 'Purple', rgb: [143, 63, 151] },
  brown: { colourVi: 'Nâu', colourEn: 'Brown', rgb: [126, 0, 35] },
} satisfies Record<string, Pick<Level, 'colourVi' | 'colourEn' | 'rgb'>>;
const vnLevel = (key: VnLevel, fromIndex: number, toIndex: number, nameVi: string, nameEn: string, colour: keyof typeof colours): DatedRow =>
  row('pollution.aqi-level', { key: `vn.${key}`, ...decision1459, article: 'Bảng 1', unit: 'index', verified: true, value: { fromIndex, toIndex, nameVi, nameEn, ...colours[colour] } });
const usLevel = (key: string, fromIndex: number, toIndex: number | null, nameVi: string, nameEn: string, colour: keyof typeof colours): DatedRow =>
  row('pollution.aqi-level', { key: `us.${key}`, of: 'epa', unit: 'index', source: 'US EPA, 40 CFR part 58 appendix G; names in Vietnamese are ours', value: { fromIndex, toIndex, nameVi, nameEn, ...colours[colour] } });
const levels = [
  vnLevel('good', 0, 50, 'Tốt', 'Good', 'green'),
  vnLevel('moderate', 51, 100, 'Trung bình', 'Moderate', 'yellow'),
  vnLevel('poor', 101, 150, 'Kém', 'Poor', 'orange'),
  vnLevel('unhealthy', 151, 200, 'Xấu', 'Unhealthy', 'red'),
  vnLevel('very-unhealthy', 201, 300, 'Rất xấu', 'Very unhealthy', 'purple'),
  vnLevel('hazardous', 301, 500, 'Nguy hại', 'Hazardous', 'brown'),
  usLevel('good', 0, 50, 'Tốt', 'Good', 'green'),
  usLevel('moderate', 51, 100, 'Trung bình', 'Moderate', 'yellow'),
  usLevel('unhealthy-sensitive', 101, 150, 'Không tốt cho nhóm nhạy cảm', 'Unhealthy for sensitive groups', 'orange'),
  usLevel('unhealthy', 151, 200, 'Có hại cho sức khoẻ', 'Unhealthy', 'red'),
  usLevel('very-unhealthy', 201, 300, 'Rất có hại cho sức khoẻ', 'Very unhealthy', 'purple'),
  usLevel('hazardous', 301, null, 'Nguy hại', 'Hazardous', 'brown'),
];

/** Wording of ours after the tables, until somebody enters the official text: so never marked as checked. */
const advice = (key: VnLevel, generalVi: string, generalEn: string, sensitiveVi: string, sensitiveEn: string): DatedRow =>
  row('pollution.advice', { key, ...decision1459, article: 'Bảng 4, Bảng 5', unit: '', source: 'wording of the house after Decision 1459/QĐ-TCMT; enter the official text before it is published', value: { generalVi, generalEn, sensitiveVi, sensitiveEn } });
const advices = [
  advice('good', 'Tự do thực hiện các hoạt động ngoài trời.', 'Outdoor activities as you like.', 'Tự do thực hiện các hoạt động ngoài trời.', 'Outdoor activities as you like.'),
  advice('moderate', 'Tự do thực hiện các hoạt động ngoài trời.', 'Outdoor activities as you like.', 'Nên theo dõi các triệu chứng như ho hoặc khó thở, nhưng vẫn có thể hoạt động ngoài trời.', 'Watch for coughing or shortness of breath; outdoor activities are still possible.'),
  advice('poor', 'Người có triệu chứng đau mắt, ho hoặc đau họng nên giảm hoạt động ngoài trời.', 'If your eyes, throat or chest hurt, do less outdoors.', 'Nên giảm hoạt động mạnh và thời gian ở ngoài trời; người bệnh hen cần mang thuốc theo.', 'Do less strenuous work and spend less time outdoors; people with asthma should keep their medicine at hand.'),
  advice('unhealthy', 'Nên giảm hoạt động mạnh khi ở ngoài trời, tránh tập thể dục kéo dài và nghỉ nhiều hơn trong nhà.', 'Do less strenuous work outdoors, avoid long exercise, rest more indoors.', 'Nên ở trong nhà và giảm hoạt động mạnh; nếu phải ra ngoài, hãy đeo khẩu trang đạt tiêu chuẩn.', 'Stay indoors and avoid exertion; if you must go out, wear a mask that meets the standard.'),
  advice('very-unhealthy', 'Hạn chế tối đa hoạt động ngoài trời và chuyển các hoạt động vào trong nhà; đeo khẩu trang đạt tiêu chuẩn khi ra ngoài.', 'Keep outdoor activities to a minimum and move them indoors; outside wear a mask that meets the standard.', 'Nên ở trong nhà và không hoạt động mạnh; đóng cửa sổ.', 'Stay indoors without exertion; keep windows closed.'),
  advice('hazardous', 'Nên ở trong nhà, đóng cửa ra vào và cửa sổ; nếu phải ra ngoài, hãy đeo khẩu trang đạt tiêu chuẩn.', 'Stay indoors with doors and windows closed; if you must go out, wear a mask that meets the standard.', 'Nên ở trong nhà, đóng cửa ra vào và cửa sổ, tránh mọi gắng sức; đến cơ sở y tế khi khó thở.', 'Stay indoors with doors and windows closed, avoid all exertion; see a doctor when short of breath.'),
];

/** In force on the day on which the circular says so, at local midnight. */
const qcvn05 = { of: '2023', legalBasis: 'QCVN 05:2023/BTNMT', article: 'Bảng 1', validFrom: '2023-09-12T00:00:00+07:00', unit: 'µg/Nm³', verified: true, source: 'QCVN 05:2023/BTNMT, at 25 °C and 760 mmHg' };
const limit = (key: string, value: number): DatedRow => row('pollution.limit', { key, value, ...qcvn05 });
const limits = [
  limit('so2-1h', 350), limit('so2-24h', 125), limit('so2-year', 50),
  limit('co-1h', 30_000), limit('co-8h', 10_000),
  limit('no2-1h', 200), limit('no2-24h', 100), limit('no2-year', 40),
  limit('o3-1h', 200), limit('o3-8h', 120),
  limit('tsp-1h', 300), limit('tsp-24h', 200), limit('tsp-year', 100),
  limit('pm10-24h', 100), limit('pm10-year', 50),
  row('pollution.limit', { key: 'pm25-24h', value: 50, ...qcvn05, validTo: '2026-01-01T00:00:00+07:00' }),
  row('pollution.limit', { key: 'pm25-24h', value: 45, ...qcvn05, of: '2026', validFrom: '2026-01-01T00:00:00+07:00' }),
  limit('pm25-year', 25),
  limit('pb-24h', 1.5),
  limit('benzene-1h', 22), limit('nh3-1h', 200), limit('h2s-1h', 42),
];

const who2021 = { of: '2021', unit: 'µg/m³', validFrom: '2021-09-22T00:00:00Z', verified: true, source: 'WHO global air quality guidelines 2021' };
const whoKept = { ...who2021, source: 'WHO global air quality guidelines 2021, kept from earlier guidelines' };
const who = (key: string, targets: PollutionRowValue<'pollution.who'>, of = who2021): DatedRow => row('pollution.who', { key, value: targets, ...of });
const whoRows = [
  who('pm25-year', { it1: 35, it2: 25, it3: 15, it4: 10, aqg: 5 }),
  who('pm25-24h', { it1: 75, it2: 50, it3: 37.5, it4: 25, aqg: 15 }),
  who('pm10-year', { it1: 70, it2: 50, it3: 30, it4: 20, aqg: 15 }),
  who('pm10-24h', { it1: 150, it2: 100, it3: 75, it4: 50, aqg: 45 }),
  who('o3-peak-season', { it1: 100, it2: 70, aqg: 60 }),
  who('o3-8h', { it1: 160, it2: 120, aqg: 100 }),
  who('no2-year', { it1: 40, it2: 30, it3: 20, aqg: 10 }),
  who('no2-24h', { it1: 120, it2: 50, aqg: 25 }),
  who('so2-24h', { it1: 125, it2: 50, aqg: 40 }),
  who('co-24h', { it1: 7_000, aqg: 4_000 }),
  who('no2-1h', { aqg: 200 }, whoKept),
  who('so2-10min', { aqg: 500 }, whoKept),
  who('co-8h', { aqg: 10_000 }, whoKept),
  who('co-1h', { aqg: 35_000 }, whoKept),
  who('co-15min', { aqg: 100_000 }, whoKept),
];

const usIndex = [[0, 50], [51, 100], [101, 150], [151, 200], [201, 300], [301, 500]] as const;
const revision2024 = '2024-05-06T00:00:00Z';
const epa2024 = { of: '2024', validFrom: revision2024, verified: true, source: 'US EPA, Technical Assistance Document EPA-454/B-24-002 (May 2024); beyond the table the last slope goes on, by default of the house' };
interface UsTable {
  readonly unit: string;
  readonly truncateDecimals: number;
  readonly bounds: readonly (readonly [number, number])[];
  /** Index of the first segment among `usIndex`. */
  readonly first?: number;
  readonly aboveLast?: 'extrapolate' | 'not-used' | 'last-index';
}
const us = (key: UsAqiColumn, { unit, truncateDecimals, bounds, first = 0, aboveLast = 'extrapolate' }: UsTable): DatedRow =>
  row('pollution.us-aqi', {
    key, ...epa2024, unit,
    value: { truncateDecimals, aboveLast, nameVi: 'US AQI (EPA 2024)', nameEn: 'US AQI (EPA 2024)', segments: bounds.map(([from, to], at) => ({ from, to, indexFrom: usIndex[first + at]![0], indexTo: usIndex[first + at]![1] })) },
  });
const usRows = [
  us('pm25-24h', { unit: 'µg/m³', truncateDecimals: 1, bounds: [[0, 9], [9.1, 35.4], [35.5, 55.4], [55.5, 125.4], [125.5, 225.4], [225.5, 325.4]] }),
  us('pm10-24h', { unit: 'µg/m³', truncateDecimals: 0, bounds: [[0, 54], [55, 154], [155, 254], [255, 354], [355, 424], [425, 604]] }),
  // Above 0.200 ppm the index is calculated with 1-hour ozone alone.
  us('o3-8h', { unit: 'ppm', truncateDecimals: 3, bounds: [[0, 0.054], [0.055, 0.07], [0.071, 0.085], [0.086, 0.105], [0.106, 0.2]], aboveLast: 'not-used' }),
  us('o3-1h', { unit: 'ppm', truncateDecimals: 3, bounds: [[0.125, 0.164], [0.165, 0.204], [0.205, 0.404], [0.405, 0.604]], first: 2 }),
  us('co-8h', { unit: 'ppm', truncateDecimals: 1, bounds: [[0, 4.4], [4.5, 9.4], [9.5, 12.4], [12.5, 15.4], [15.5, 30.4], [30.5, 50.4]] }),
  // One hour says no more than 200; what is worse is for 24 hours to say.
  us('so2-1h', { unit: 'ppb', truncateDecimals: 0, bounds: [[0, 35], [36, 75], [76, 185], [186, 304]], aboveLast: 'last-index' }),
  us('so2-24h', { unit: 'ppb', truncateDecimals: 0, bounds: [[305, 604], [605, 1004]], first: 4 }),
  us('no2-1h', { unit: 'ppb', truncateDecimals: 0, bounds: [[0, 53], [54, 100], [101, 360], [361, 649], [650, 1249], [1250, 2049]] }),
  // For replays of recorded years: what the recordings' own index was computed with.
  row('pollution.us-aqi', {
    key: 'pm25-24h', of: '2012', unit: 'µg/m³', validFrom: '2013-03-18T00:00:00Z', validTo: revision2024,
    source: 'US EPA, 78 FR 3086 of 15/01/2013; equals the AQI column of the recorded hours of Hanoi 2018',
    value: {
      truncateDecimals: 1, aboveLast: 'extrapolate', nameVi: 'US AQI (EPA 2012)', nameEn: 'US AQI (EPA 2012)',
      segments: [
        { from: 0, to: 12, indexFrom: 0, indexTo: 50 }, { from: 12.1, to: 35.4, indexFrom: 51, indexTo: 100 }, { from: 35.5, to: 55.4, indexFrom: 101, indexTo: 150 },
        { from: 55.5, to: 150.4, indexFrom: 151, indexTo: 200 }, { from: 150.5, to: 250.4, indexFrom: 201, indexTo: 300 }, { from: 250.5, to: 350.4, indexFrom: 301, indexTo: 400 }, { from: 350.5, to: 500.4, indexFrom: 401, indexTo: 500 },
      ],
    },
  }),
];

const house = { of: 'default', source: 'default of the house: the Decision sets only the 2-of-3 rule and particulate matter' };
const completeness = [
  row('pollution.completeness', { key: 'hour', value: { share: 0.75 }, unit: 'share', ...house }),
  row('pollution.completeness', { key: '8h', value: { needed: 6, of: 8 }, unit: 'h', ...house }),
  row('pollution.completeness', { key: 'day', value: { needed: 18, of: 24 }, unit: 'h', ...house }),
  row('pollution.completeness', { key: 'month', value: { share: 0.75 }, unit: 'share', ...house }),
  row('pollution.completeness', { key: 'year', value: { share: 0.75 }, unit: 'share', ...house }),
];

const molar = (key: string, gMol: number): DatedRow => row('pollution.molar-mass', { key, of: '25c-1atm', unit: 'g/mol', verified: true, source: 'molar mass; 24.45 l/mol at 25 °C and 1 atm, the state of QCVN 05:2023/BTNMT', value: { gMol, litresMol: 24.45 } });
const molars = [molar('o3', 48), molar('no2', 46.01), molar('so2', 64.07), molar('co', 28.01)];

const range = (key: string, min: number, max: number, unit: string): DatedRow => row('pollution.range', { key, of: 'default', value: { min, max }, unit, source: 'default of the house: what a station can measure' });
const ranges = [
  range('pm25UgM3', -5, 1000, 'µg/m³'), range('pm10UgM3', -10, 2000, 'µg/m³'), range('o3UgM3', 0, 1000, 'µg/m³'),
  range('no2UgM3', 0, 2000, 'µg/m³'), range('so2UgM3', 0, 2600, 'µg/m³'), range('coUgM3', 0, 150_000, 'µg/m³'),
  range('humidityPct', 0, 100, '%'), range('temperatureC', -10, 60, '°C'),
];

const quality = [
  row('pollution.flatline', { key: 'minutes', of: 'default', value: { forS: 3_600, periodSMax: 600 }, unit: 's', source: 'default of the house: 60 minutes of one value, where the resolution is fine enough' }),
  row('pollution.flatline', { key: 'hours', of: 'epa', value: { forS: 10_800, periodSMax: 3_600 }, unit: 's', verified: true, source: 'US EPA sensortoolkit: 3 hours of one value' }),
  row('pollution.gap', { key: '', of: 'default', value: { periods: 3, minS: 300 }, unit: 's', source: 'default of the house: three periods, and at least 5 minutes' }),
  row('pollution.excluded-flags', { key: '', of: 'default', value: ['range', 'calib', 'imputed', 'invalid'], unit: '', source: 'default of the house: three equal hours happen by chance (5 times in 3,832 recorded hours of Hanoi), so `flatline` is shown and does not exclude' }),
];

const operation = [
  row('pollution.age', { key: '', of: 'default', value: { aheadS: 120, tooOldS: 30 * 86_400 }, unit: 's', source: 'default of the house: a clock 2 min ahead is wrong; an outage may last weeks' }),
  row('pollution.hour-close', { key: '', of: 'default', value: { graceS: 600 }, unit: 's', source: 'default of the house: stations report within minutes of the hour' }),
  row('pollution.aqi-condition', {
    key: '', of: 'default', unit: 'index', source: 'default of the house: 2 consecutive hours, 5 index points below to clear',
    value: { levels: [{ level: 'unhealthy', aboveIndex: 150 }, { level: 'very-unhealthy', aboveIndex: 200 }, { level: 'hazardous', aboveIndex: 300 }], deadbandIndex: 5, hours: 2 },
  }),
];

/** Stations of the simulator and the replayer that stand for regulatory ones; every other station is `reference` until a row says otherwise. */
export const simulatedRegulatoryStations = ['hn-air-1', 'hn-air-2', 'hn-air-3', 'hn-air-4', 'hn-air-5', 'hn-air-6', 'hn-air-7', 'hn-air-8'] as const;
export const replayedRegulatoryStation = 'hanoi-us-embassy';
const grade = (key: string, source: string): DatedRow => row('pollution.station-grade', { key, of: 'demonstration', value: 'regulatory', unit: '', source });
const grades = [
  ...simulatedRegulatoryStations.map((id) => grade(id, 'a station of the simulator, which stands for a regulatory one')),
  grade(replayedRegulatoryStation, 'recorded hours of a monitor of regulatory quality; its results appear in the replay alone'),
];

export const pollutionSeeds: readonly DatedRow[] = [...breakpoints, rule, ...nowcasts, ...levels, ...advices, ...limits, ...whoRows, ...usRows, ...completeness, ...molars, ...ranges, ...quality, ...operation, ...grades];
