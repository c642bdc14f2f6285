/** The master records of the alarms that pollution raises: the health level, and each legal limit by its averaging time. */
import { alarmSeed } from './alarm-master.js';
import type { DatedRow } from './dated-row.js';

const reviewDate = '2027-06-30';
const owner = { ownerVi: 'Chi cục Bảo vệ môi trường', ownerEn: 'Environmental protection division' };
const perStation = { onDelayS: 0, offDelayS: 0, latching: false, groupKey: 'station', ...owner, reviewDate } as const;

const level = alarmSeed('alarm.master', 'pollution/air-quality-level', {
  nameVi: 'Chất lượng không khí ở mức có hại (VN_AQI)', nameEn: 'Air quality at a harmful level (VN_AQI)',
  causeVi: 'Bụi mịn tích tụ khi lặng gió và nghịch nhiệt, giao thông, đốt rơm rạ hoặc rác, nguồn thải gần trạm.', causeEn: 'Particulate matter gathers in calm air and inversion; traffic, burning of straw or waste, a source near the station.',
  consequenceVi: 'Sức khoẻ người dân, trước hết là nhóm nhạy cảm, bị ảnh hưởng mà không được cảnh báo.', consequenceEn: 'People’s health suffers, that of sensitive groups first, and nobody has warned them.',
  responseVi: 'Kiểm tra trạm và các trạm lân cận; nếu số liệu đúng, trình phát cảnh báo và khuyến nghị theo mức cho công chúng, báo trường học và cơ sở y tế.', responseEn: 'Check the station against its neighbours; if the data are right, submit the warning with the advice of the level for the public, and inform schools and hospitals.',
  severity: 'major', respondWithinS: 1_800,
  levels: {
    unhealthy: { nameVi: 'Xấu (VN_AQI 151–200)', nameEn: 'Unhealthy (VN_AQI 151–200)', severity: 'major', respondWithinS: 1_800 },
    'very-unhealthy': { nameVi: 'Rất xấu (VN_AQI 201–300)', nameEn: 'Very unhealthy (VN_AQI 201–300)', severity: 'major', respondWithinS: 300 },
    hazardous: { nameVi: 'Nguy hại (VN_AQI trên 300)', nameEn: 'Hazardous (VN_AQI above 300)', severity: 'life', respondWithinS: 60 },
  },
  limitRowKind: 'pollution.aqi-condition', deadbandField: 'deadbandIndex', suppressedBy: [], ...perStation,
});

const pollutants: Readonly<Record<string, readonly [string, string]>> = {
  so2: ['SO2', 'SO2'], co: ['CO', 'CO'], no2: ['NO2', 'NO2'], o3: ['ôzôn', 'ozone'], tsp: ['tổng bụi lơ lửng', 'total suspended particles'], pm10: ['bụi PM10', 'PM10'], pm25: ['bụi mịn PM2.5', 'PM2.5'],
  pb: ['chì', 'lead'], benzene: ['benzen', 'benzene'], nh3: ['amoniac', 'ammonia'], h2s: ['hydro sunfua', 'hydrogen sulphide'],
};
const averagings: Readonly<Record<string, readonly [string, string, number]>> = { '1h': ['1 giờ', '1-hour', 1_800], '8h': ['8 giờ', '8-hour', 1_800], '24h': ['24 giờ', '24-hour', 28_800] };

/** Those for which the regulation has a limit; of years there is a report, no alarm. */
const limitKeys = ['so2-1h', 'so2-24h', 'co-1h', 'co-8h', 'no2-1h', 'no2-24h', 'o3-1h', 'o3-8h', 'tsp-1h', 'tsp-24h', 'pm10-24h', 'pm25-24h', 'pb-24h', 'benzene-1h', 'nh3-1h', 'h2s-1h'] as const;

function legal(key: (typeof limitKeys)[number]): DatedRow {
  const [pollutant, averaging] = key.split('-') as [string, string];
  const [pollutantVi, pollutantEn] = pollutants[pollutant]!;
  const [averagingVi, averagingEn, respondWithinS] = averagings[averaging]!;
  return alarmSeed('alarm.master', `pollution/legal-exceedance-${key}`, {
    nameVi: `Vượt quy chuẩn: ${pollutantVi}, trung bình ${averagingVi}`, nameEn: `Legal limit exceeded: ${pollutantEn}, ${averagingEn} mean`,
    causeVi: `Nguồn thải ${pollutantVi} gần trạm, thời tiết bất lợi, hoặc thiết bị đo sai.`, causeEn: `A source of ${pollutantEn} near the station, adverse weather, or an analyser that measures wrongly.`,
    consequenceVi: 'Vi phạm QCVN 05 không được ghi nhận và xử lý đúng hạn; người dân quanh trạm tiếp tục phơi nhiễm.', consequenceEn: 'An exceedance of QCVN 05 is not recorded and followed up in time; people around the station stay exposed.',
    responseVi: `Kiểm tra cờ chất lượng và lần hiệu chuẩn của thiết bị đo ${pollutantVi}; nếu số liệu đúng, lập biên bản và thông báo cho bộ phận thanh tra nguồn thải.`, responseEn: `Check flags and calibration of the ${pollutantEn} analyser; if the data are right, make the record and inform the inspectors of sources.`,
    severity: 'major', respondWithinS, levels: { exceeded: { nameVi: 'vượt giới hạn', nameEn: 'exceeded', severity: 'major', respondWithinS } },
    limitRowKind: 'pollution.limit', deadbandField: null, suppressedBy: [], ...perStation,
  });
}

const silent = alarmSeed('alarm.master', 'pollution/device-offline', {
  nameVi: 'Trạm quan trắc không khí không gửi dữ liệu', nameEn: 'Air station sends no data',
  causeVi: 'Mất điện, đứt đường truyền, bộ ghi dữ liệu hoặc thiết bị đo hỏng.', causeEn: 'Loss of power or line, a broken logger or analyser.',
  consequenceVi: 'Không tính được VN_AQI của trạm; vượt quy chuẩn sẽ không được phát hiện.', consequenceEn: 'The station’s VN_AQI cannot be computed; an exceedance would not be found.',
  responseVi: 'Liên hệ đơn vị vận hành trạm, kiểm tra nguồn điện và đường truyền; giao cho đội bảo trì nếu chưa phục hồi trong ca.', responseEn: 'Call the operator of the station, check power and line; assign it to maintenance if it is not back within the shift.',
  severity: 'care', respondWithinS: 28_800, levels: { offline: { nameVi: 'mất tín hiệu', nameEn: 'offline', severity: 'care', respondWithinS: 28_800 } },
  limitRowKind: 'alarm.silence', deadbandField: 'backPeriods', suppressedBy: [{ alarmType: 'system/gateway-offline', relation: 'gateway-of-device' }, { alarmType: 'system/ingest-down', relation: 'same-city' }], ...perStation,
});

export const pollutionAlarms: readonly DatedRow[] = [level, ...limitKeys.map(legal), silent, alarmSeed('alarm.silence', 'pollution', { periods: 3, minS: 300, backPeriods: 1 })];
