import { pollutionSeeds, type PollutionRows } from '#contracts';
import { compareWithWho } from './who.js';

const rows: PollutionRows = (kind) => pollutionSeeds.filter((row) => row.kind === kind);
const now = Date.parse('2026-11-22T00:00:00Z');

test.each([
  ['the guideline itself', 'pm25-24h', 15, 'aqg', 1],
  ['a little above it', 'pm25-24h', 15.1, 'it4', 15.1 / 15],
  ['above interim target 3', 'pm25-24h', 38, 'it2', 38 / 15],
  ['above all of them', 'pm25-24h', 76, null, 76 / 15],
  ['a target that WHO does not name is passed over', 'o3-8h', 110, 'it2', 1.1],
  ['carbon monoxide is held in µg/m³', 'co-24h', 4_000, 'aqg', 1],
  ['kept from earlier guidelines', 'no2-1h', 201, null, 201 / 200],
])('%s', (_, key, ugM3, meets, times) => {
  expect(compareWithWho(key, ugM3, rows, now)).toMatchObject({ meets, timesGuideline: times });
});

test('nothing is said of what is missing, of what WHO does not name, or of years before', () => {
  expect(compareWithWho('pm25-24h', null, rows, now)).toBeNull();
  expect(compareWithWho('tsp-24h', 10, rows, now)).toBeNull();
  expect(compareWithWho('pm25-24h', 10, rows, Date.parse('2018-01-01T00:00:00Z'))).toBeNull();
});
