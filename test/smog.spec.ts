/** The simulated smog through the rules of pollution: levels rise with it, people are warned, and it passes. */
import { aqiPollutants, concentrationMetric, pollutionSeeds, type AqiPollutant, type PollutionRows } from '#contracts';
import { inForce } from '../apps/pollution/src/in-force.js';
import { conditionLevel } from '../apps/pollution/src/level-condition.js';
import { vnLevelOf } from '../apps/pollution/src/levels.js';
import { nowCast } from '../apps/pollution/src/now-cast.js';
import { vnAqiHour, vnAqiScheme } from '../apps/pollution/src/vn-aqi.js';
import { airReading, airStations } from '../apps/simulator/src/pollution.js';

const hourMs = 3_600_000;
const rows: PollutionRows = (kind) => pollutionSeeds.filter((row) => row.kind === kind);
const startMs = Date.parse('2026-11-20T00:00:00+07:00');
const hours = 72;

/** Mean of twelve readings of five minutes. */
function hourMean(station: (typeof airStations)[number], hour: number, pollutant: AqiPollutant): number {
  const readings = Array.from({ length: 12 }, (_, at) => airReading(station, startMs + hour * hourMs + (at * hourMs) / 12, 300, 1)[concentrationMetric(pollutant)]!);
  return readings.reduce((sum, value) => sum + value, 0) / readings.length;
}

test.each(airStations.filter(({ kind }) => kind === 'analyser').map((station) => [station.nameEn, station] as const))('%s: within three days moderate air, a warning at night, and the end of it', (_, station) => {
  const scheme = vnAqiScheme(rows, startMs)!;
  const rule = inForce(rows, 'pollution.nowcast', 'vn', startMs)!.value;
  const condition = inForce(rows, 'pollution.aqi-condition', '', startMs)!.value;
  const means = Array.from({ length: hours }, (_, hour) => Object.fromEntries(aqiPollutants.map((name) => [name, hourMean(station, hour, name)])) as Record<AqiPollutant, number>);
  const series = (name: 'pm25' | 'pm10', hour: number): (number | null)[] => Array.from({ length: 12 }, (_, age) => means[hour - age]?.[name] ?? null);
  const aqis = means.map((mean, hour) => vnAqiHour({ ...mean, pm25: nowCast(series('pm25', hour), rule), pm10: nowCast(series('pm10', hour), rule) }, scheme).aqi);
  const levels = new Set(aqis.map((aqi) => (aqi === null ? null : vnLevelOf(aqi, rows, startMs)!.level)));
  expect(levels).toContain('moderate');
  expect(levels).toContain('very-unhealthy');

  const warned: (string | null)[] = [];
  aqis.forEach((aqi, hour) => warned.push(conditionLevel((warned.at(-1) ?? null) as 'unhealthy' | null, [aqis[hour - 1] ?? null, aqi], condition)));
  const changes = warned.filter((level, at) => at > 0 && level !== warned[at - 1]);
  expect(changes).toContain('very-unhealthy');
  expect(changes).toContain(null);
});
