/** What a series of pollution can be asked for; the names of metrics in both languages stand here alone. */
import { pollutionMetricNames, pollutionMetrics, type PollutionMetric } from '#contracts';
import type { Metric } from '#domain';

export const metricTexts: Readonly<Record<PollutionMetric, { readonly nameVi: string; readonly nameEn: string }>> = {
  pm25UgM3: { nameVi: 'Bụi mịn PM2.5', nameEn: 'PM2.5' },
  pm10UgM3: { nameVi: 'Bụi PM10', nameEn: 'PM10' },
  o3UgM3: { nameVi: 'Ô-dôn (O₃)', nameEn: 'Ozone (O₃)' },
  no2UgM3: { nameVi: 'Ni-tơ đi-ô-xít (NO₂)', nameEn: 'Nitrogen dioxide (NO₂)' },
  so2UgM3: { nameVi: 'Lưu huỳnh đi-ô-xít (SO₂)', nameEn: 'Sulphur dioxide (SO₂)' },
  coUgM3: { nameVi: 'Các-bon mô-nô-xít (CO)', nameEn: 'Carbon monoxide (CO)' },
  tspUgM3: { nameVi: 'Tổng bụi lơ lửng (TSP)', nameEn: 'Total suspended particles (TSP)' },
  pbUgM3: { nameVi: 'Chì (Pb)', nameEn: 'Lead (Pb)' },
  benzeneUgM3: { nameVi: 'Ben-zen (C₆H₆)', nameEn: 'Benzene (C₆H₆)' },
  nh3UgM3: { nameVi: 'Amoniac (NH₃)', nameEn: 'Ammonia (NH₃)' },
  h2sUgM3: { nameVi: 'Hydro sunfua (H₂S)', nameEn: 'Hydrogen sulphide (H₂S)' },
  noUgM3: { nameVi: 'Ni-tơ mô-nô-xít (NO)', nameEn: 'Nitric oxide (NO)' },
  noxUgM3: { nameVi: 'Các ô-xít ni-tơ (NOx)', nameEn: 'Nitrogen oxides (NOx)' },
  pm1UgM3: { nameVi: 'Bụi PM1', nameEn: 'PM1' },
  temperatureC: { nameVi: 'Nhiệt độ', nameEn: 'Temperature' },
  humidityPct: { nameVi: 'Độ ẩm tương đối', nameEn: 'Relative humidity' },
  pressureHpa: { nameVi: 'Áp suất khí quyển', nameEn: 'Air pressure' },
  windSpeedMs: { nameVi: 'Tốc độ gió', nameEn: 'Wind speed' },
  windDirectionDeg: { nameVi: 'Hướng gió', nameEn: 'Wind direction' },
  precipitationMm: { nameVi: 'Lượng mưa', nameEn: 'Precipitation' },
  reliabilityPct: { nameVi: 'Độ tin cậy do thiết bị báo', nameEn: 'Reliability as reported' },
};

/** `pm25UgM3` lies in `pm25_ug_m3`. */
export function columnOf(metric: PollutionMetric): string {
  return metric.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Means over time. A direction has no plain mean (350° and 10° make north, not south), so it is in no aggregate. */
export const averagedMetrics: readonly PollutionMetric[] = pollutionMetricNames.filter((name) => name !== 'windDirectionDeg');

export const catalogue: readonly Metric[] = pollutionMetricNames.map((name) => ({ name, unit: pollutionMetrics[name].unit, ...metricTexts[name], column: columnOf(name), ...aggregateOf(name) }));

function aggregateOf(name: PollutionMetric): Pick<Metric, 'rollup' | 'seconds'> {
  if (name === 'windDirectionDeg') return { rollup: { kind: 'none' } };
  if (name === 'precipitationMm') return { rollup: { kind: 'sum', column: 'precipitation_mm_sum' } };
  return { rollup: { kind: 'mean', sum: `${columnOf(name)}_sum`, weight: `${columnOf(name)}_s` }, seconds: `${columnOf(name)}_s` };
}
