/** What other people's stations call the metrics of a reading of air quality, and in which units. */
import { pollutionMetrics, pollutionSeeds, type PollutionMetric } from '#contracts';
import { fieldMap, type FieldRule, type FieldTable, type Fields, type GasState } from '#codecs';

/** −1 can be a true temperature or direction, or a concentration near a drifting zero; for the others it is a code for "none". */
const codes = [-999, -9999, -99999];
const mayBeMinusOne = (metric: PollutionMetric): boolean => metric.endsWith('UgM3') || metric === 'temperatureC' || metric === 'windDirectionDeg';

/** As seeded: a message is read before any dated row is looked up. Gases without a row are taken as mass alone. */
function gasOf(metric: PollutionMetric): GasState | null {
  const row = pollutionSeeds.find(({ kind, key }) => kind === 'pollution.molar-mass' && `${key}UgM3` === metric);
  return row === undefined ? null : (row.value as unknown as GasState);
}

function rule(metric: PollutionMetric, assumed?: string): FieldRule {
  const { unit, low, high } = pollutionMetrics[metric];
  const gas = gasOf(metric);
  return {
    field: metric,
    unit,
    missing: mayBeMinusOne(metric) ? codes : [-1, ...codes],
    bounds: { low, high },
    ...(assumed === undefined ? {} : { assumed }),
    ...(gas === null ? {} : { gas }),
  };
}

const pollutantNames = {
  'pm25': rule('pm25UgM3'), 'pm10': rule('pm10UgM3'), 'pm1': rule('pm1UgM3'), 'tsp': rule('tspUgM3'),
  'o3 ozone': rule('o3UgM3'), 'no2': rule('no2UgM3'), 'no': rule('noUgM3'), 'nox': rule('noxUgM3'), 'so2': rule('so2UgM3'), 'co': rule('coUgM3'),
  'pb': rule('pbUgM3'), 'c6h6 benzene': rule('benzeneUgM3'), 'nh3': rule('nh3UgM3'), 'sh2 h2s': rule('h2sUgM3'),
};

/** `pm25_ugm3`, `no2_ppb`, `co_ppm`, `co_mgm3`: the unit within the name. */
const namesWithUnit = Object.fromEntries(
  Object.entries(pollutantNames).flatMap(([names, one]) =>
    names.split(' ').flatMap((name) => [
      [`${name}ugm3`, one],
      [`${name}mgm3`, { ...one, assumed: 'mg/m³' }],
      ...(one.gas === undefined ? [] : [[`${name}ppb`, { ...one, assumed: 'ppb' }], [`${name}ppm`, { ...one, assumed: 'ppm' }]]),
    ]),
  ),
) as Record<string, FieldRule>;

const weather = {
  'temperature temp temperatureC airTemperature': rule('temperatureC'),
  'pressure pressureHpa airPressure barometricPressure atmosphericPressure': rule('pressureHpa'),
  'windSpeed windSpeedMs': rule('windSpeedMs'),
  // From −180 in the model of FIWARE, from 0 elsewhere.
  'windDirection windDirectionDeg': { ...rule('windDirectionDeg'), fullTurn: 360 },
};

/** Sensors say humidity in per cent. */
export const sampleTable: FieldTable = {
  fields: fieldMap({ ...pollutantNames, ...namesWithUnit, ...weather, 'humidity humidityPct relativeHumidity airRelativeHumidity rh': rule('humidityPct'), 'precipitation rain rainMm': rule('precipitationMm') }),
  byUnit: new Map([
    ['%RH', rule('humidityPct')],
    ['Cel', rule('temperatureC')],
    ['hPa', rule('pressureHpa')],
  ]),
  keepRaw,
};

/** FIWARE AirQualityObserved says shares of one. An index of the sender's own, with 0 for none, is not taken: ours follow from concentrations. */
export const airQualityTable: FieldTable = {
  fields: fieldMap({ ...pollutantNames, ...weather, relativeHumidity: rule('humidityPct', '1'), reliability: rule('reliabilityPct', '1'), precipitation: rule('precipitationMm') }),
  byUnit: new Map(),
  keepRaw,
};

function keepRaw(reading: Fields, field: string, value: number, unit: string): void {
  ((reading['raw'] ??= {}) as Fields)[field] = { value, unit };
}
