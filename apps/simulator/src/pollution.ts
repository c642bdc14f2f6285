/**
 * The town's twelve air stations, and what they make of the air around them.
 *
 * Eight stand for regulatory stations, with all analysers and the weather; four are low-cost sensors of particulate
 * matter. Places are about where stations of Hanoi stand; how much exhaust and smog reaches them is plausible. Pure: the
 * same station, period and seed give the same reading, so a backlog sent twice changes nothing.
 */
import { simulatedRegulatoryStations, type PollutionMetric, type PollutionReading } from '#contracts';
import { airAt, type AirOf } from './air.js';

export interface AirStation extends AirOf {
  readonly nameVi: string;
  readonly nameEn: string;
  readonly ward: string;
  readonly longitude: number;
  readonly latitude: number;
  readonly kind: 'analyser' | 'sensor';
}

type Place = readonly [nameVi: string, nameEn: string, ward: string, longitude: number, latitude: number, exhaust: number, smog: number];

const places: readonly Place[] = [
  ['Trạm 556 Nguyễn Văn Cừ', 'Station 556 Nguyen Van Cu', 'Bồ Đề', 105.8831, 21.0491, 0.8, 1],
  ['Trạm Minh Khai', 'Station Minh Khai', 'Phú Diễn', 105.7418, 21.0536, 0.6, 0.9],
  ['Trạm Trung Yên', 'Station Trung Yen', 'Yên Hoà', 105.8003, 21.0152, 0.7, 0.95],
  ['Trạm Hàng Đậu', 'Station Hang Dau', 'Ba Đình', 105.8471, 21.0411, 1, 0.9],
  ['Trạm Hồ Hoàn Kiếm', 'Station Hoan Kiem lake', 'Hoàn Kiếm', 105.8524, 21.0287, 0.3, 0.8],
  ['Trạm Kim Liên', 'Station Kim Lien', 'Kim Liên', 105.8358, 21.0077, 0.6, 0.95],
  ['Trạm Mỹ Đình', 'Station My Dinh', 'Từ Liêm', 105.766, 21.0317, 0.7, 1],
  ['Trạm Tây Mỗ', 'Station Tay Mo', 'Tây Mỗ', 105.7432, 21.0022, 0.4, 1.05],
  ['Cảm biến Thành Công', 'Sensor Thanh Cong', 'Giảng Võ', 105.8148, 21.0199, 0.4, 0.9],
  ['Cảm biến Tân Mai', 'Sensor Tan Mai', 'Tương Mai', 105.8517, 20.9855, 0.6, 1],
  ['Cảm biến Phạm Văn Đồng', 'Sensor Pham Van Dong', 'Phú Diễn', 105.7816, 21.052, 1, 0.95],
  ['Cảm biến Hà Đông', 'Sensor Ha Dong', 'Hà Đông', 105.7755, 20.9684, 0.5, 1.05],
];

const regulatory: ReadonlySet<string> = new Set(simulatedRegulatoryStations);

export const airStations: readonly AirStation[] = places.map(([nameVi, nameEn, ward, longitude, latitude, exhaust, smog], at) => {
  const id = `hn-air-${at + 1}`;
  return { id, nameVi, nameEn, ward, longitude, latitude, exhaust, smog, kind: regulatory.has(id) ? 'analyser' : 'sensor' };
});

/** What a low-cost sensor can measure. */
const sensorMetrics = ['pm25UgM3', 'pm10UgM3', 'temperatureC', 'humidityPct'] as const satisfies readonly PollutionMetric[];

/** The device on the station's asset: analysers and sensors are named apart. */
export function airDevice(station: AirStation): string {
  return `${station.kind}-${station.id.slice('hn-'.length)}`;
}

/** The reading of the period that starts at `startMs`: the air in its middle. */
export function airReading(station: AirStation, startMs: number, periodS: number, seed: number): PollutionReading {
  const air = airAt(station, startMs + (periodS * 1000) / 2, seed);
  const metrics = station.kind === 'sensor' ? sensorMetrics : (Object.keys(air) as (keyof typeof air)[]);
  return {
    device: airDevice(station),
    observedAt: new Date(startMs).toISOString(),
    periodS,
    ...Object.fromEntries(metrics.map((name) => [name, tenth(air[name])])),
  };
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
