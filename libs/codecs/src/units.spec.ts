import { convert } from './units.js';

test.each([
  [10, 'm/s', 'km/h', 36],
  [36, 'KMH', 'm/s', 10],
  [100, 'mph', 'km/h', 160.9344],
  [0.54, '1', '%', 54],
  [54, '%RH', '%', 54],
  [873, '/1000', '/', 0.873],
  [32, 'FAH', '°C', 0],
  [212, '°F', '°C', 100],
  [300, 'K', '°C', 26.85],
  [101_325, 'Pa', 'hPa', 1013.25],
  [760, 'mmHg', 'hPa', 1013.25],
  [0.5, 'GP', 'µg/m³', 500],
  [15, 'min', 's', 900],
  [3, 'ug/m3', 'µg/m³', 3],
])('%d %s is %s %d', (value, from, to, expected) => {
  expect(convert(value, from, to)).toBeCloseTo(expected, 3);
});

test('gas by its molar mass, at 25 °C and 1 atm', () => {
  // As the US limits give both: 100 ppb of NO2 are 188 µg/m³, 35 ppm of CO are 40 mg/m³.
  expect(convert(100, 'ppb', 'µg/m³', { gMol: 46.01, litresMol: 24.45 })).toBeCloseTo(188.18, 2);
  expect(convert(35, '59', 'µg/m³', { gMol: 28.01, litresMol: 24.45 })! / 1000).toBeCloseTo(40.1, 1);
  expect(convert(100, 'ppb', 'µg/m³')).toBeNull();
});

test('other quantities and unknown units cannot be converted', () => {
  expect(convert(1, 'm', 's')).toBeNull();
  expect(convert(1, 'furlong', 'm')).toBeNull();
  expect(convert(1, 'constructor', 'm')).toBeNull();
});
