import { pollutionRowValues, pollutionSeeds } from '#contracts';
import { ppbFromUgM3 } from './gas-units.js';

const molar = (gas: string) => pollutionRowValues['pollution.molar-mass'].parse(pollutionSeeds.find((row) => row.kind === 'pollution.molar-mass' && row.key === gas)!.value);

// Factors at 25 °C and 1 atm as tables of air quality print them, µg/m³ per ppb.
test.each([['o3', 1.96], ['no2', 1.88], ['so2', 2.62], ['co', 1.15]])('1 ppb of %s is %f µg/m³', (gas, factor) => {
  expect(1 / ppbFromUgM3(1, molar(gas))).toBeCloseTo(factor, 2);
  expect(ppbFromUgM3(factor * 100, molar(gas))).toBeGreaterThan(99);
});
