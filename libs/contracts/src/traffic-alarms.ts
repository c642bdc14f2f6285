/** The master records of the alarms that traffic raises. */
import { alarmSeed } from './alarm-master.js';
import type { DatedRow } from './dated-row.js';

const reviewDate = '2027-06-30';
const owner = { ownerVi: 'Trung tâm điều hành giao thông', ownerEn: 'Traffic management centre' };

export const trafficAlarms: readonly DatedRow[] = [
  alarmSeed('alarm.master', 'traffic/congestion', {
    nameVi: 'Ùn tắc trên đoạn đường', nameEn: 'Congestion on a road segment',
    causeVi: 'Nhu cầu vượt năng lực thông hành, sự cố hoặc xe hỏng, thi công, đèn tín hiệu hoạt động sai.', causeEn: 'Demand above capacity, an incident or a broken-down vehicle, road works, signals that work wrongly.',
    consequenceVi: 'Hàng xe lan sang các nút giao lân cận; xe buýt và xe ưu tiên bị chậm.', consequenceEn: 'The queue spreads to neighbouring junctions; buses and emergency vehicles are held up.',
    responseVi: 'Xem camera của đoạn đường; nếu có sự cố, báo cảnh sát giao thông; điều chỉnh đèn tín hiệu và đưa thông tin lên biển báo điện tử.', responseEn: 'Look at the segment’s camera; if there is an incident, call the traffic police; adjust the signals and inform drivers by the variable signs.',
    severity: 'service', respondWithinS: 1_800,
    levels: { congested: { nameVi: 'ùn tắc', nameEn: 'congested', severity: 'service', respondWithinS: 1_800 } },
    limitRowKind: 'traffic.congestion', deadbandField: 'clearAboveShare', onDelayS: 0, offDelayS: 0, latching: false, groupKey: 'road-section', suppressedBy: [], ...owner, reviewDate,
  }),
  alarmSeed('alarm.master', 'traffic/device-offline', {
    nameVi: 'Máy dò giao thông không gửi dữ liệu', nameEn: 'Traffic detector sends no data',
    causeVi: 'Mất điện, đứt đường truyền, máy dò hỏng hoặc đồng hồ của máy sai.', causeEn: 'Loss of power or line, a broken detector, or a wrong clock in it.',
    consequenceVi: 'Đoạn đường không được giám sát: ùn tắc ở đó sẽ không được phát hiện.', consequenceEn: 'The segment is not watched: congestion there would not be found.',
    responseVi: 'Kiểm tra nguồn điện và đường truyền từ xa; nếu không phục hồi, giao cho đội bảo trì và theo dõi đoạn đường bằng camera.', responseEn: 'Check power and line from afar; if it does not come back, assign it to maintenance and watch the segment by camera.',
    severity: 'care', respondWithinS: 28_800, levels: { offline: { nameVi: 'mất tín hiệu', nameEn: 'offline', severity: 'care', respondWithinS: 28_800 } },
    limitRowKind: 'alarm.silence', deadbandField: 'backPeriods', onDelayS: 0, offDelayS: 0, latching: false, groupKey: 'site',
    suppressedBy: [{ alarmType: 'system/gateway-offline', relation: 'gateway-of-device' }, { alarmType: 'system/ingest-down', relation: 'same-city' }], ...owner, reviewDate,
  }),
  alarmSeed('alarm.silence', 'traffic', { periods: 3, minS: 300, backPeriods: 1 }),
];
