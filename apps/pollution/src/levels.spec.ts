import { pollutionSeeds, vnLevels, type PollutionRows } from '#contracts';
import { adviceFor, usLevelOf, vnLevelOf } from './levels.js';

const rows: PollutionRows = (kind) => pollutionSeeds.filter((row) => row.kind === kind);
const now = Date.parse('2026-11-22T00:00:00Z');

test.each([
  [0, 'Tốt', 'Good', [0, 228, 0]],
  [50, 'Tốt', 'Good', [0, 228, 0]],
  [51, 'Trung bình', 'Moderate', [255, 255, 0]],
  [100, 'Trung bình', 'Moderate', [255, 255, 0]],
  [101, 'Kém', 'Poor', [255, 126, 0]],
  [118, 'Kém', 'Poor', [255, 126, 0]],
  [150, 'Kém', 'Poor', [255, 126, 0]],
  [151, 'Xấu', 'Unhealthy', [255, 0, 0]],
  [200, 'Xấu', 'Unhealthy', [255, 0, 0]],
  [201, 'Rất xấu', 'Very unhealthy', [143, 63, 151]],
  [300, 'Rất xấu', 'Very unhealthy', [143, 63, 151]],
  [301, 'Nguy hại', 'Hazardous', [126, 0, 35]],
  [500, 'Nguy hại', 'Hazardous', [126, 0, 35]],
])('VN_AQI %i is %s, %s', (aqi, nameVi, nameEn, rgb) => {
  expect(vnLevelOf(aqi, rows, now)!.value).toMatchObject({ nameVi, nameEn, rgb });
});

test('every integer from 0 to 500 has exactly one level; beyond there is none', () => {
  for (let aqi = 0; aqi <= 500; aqi += 1) {
    const holding = rows('pollution.aqi-level').filter((row) => row.key.startsWith('vn.') && aqi >= (row.value as { fromIndex: number }).fromIndex && aqi <= (row.value as { toIndex: number }).toIndex);
    expect(holding.map((row) => row.id)).toEqual([vnLevelOf(aqi, rows, now)!.rowId]);
  }
  expect(vnLevelOf(501, rows, now)).toBeNull();
});

test('the US index keeps its own names, and has no end', () => {
  expect(usLevelOf(118, rows, now)!.value.nameEn).toBe('Unhealthy for sensitive groups');
  expect(usLevelOf(699, rows, now)!.level).toBe('hazardous');
});

test('every level has advice for everybody and for sensitive groups in both languages, not yet verified', () => {
  for (const level of vnLevels) {
    const { value, verified } = adviceFor(level, rows, now)!;
    for (const text of Object.values(value)) expect(text.length).toBeGreaterThan(10);
    expect(verified).toBe(false);
  }
});
