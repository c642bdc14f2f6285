/**
 * Units as senders write them: SenML's (RFC 8428, RFC 8798), the codes of UN/CEFACT Recommendation 20 that FIWARE uses,
 * and plain symbols. Each is a factor, for temperatures also an offset, of one base unit of its quantity.
 */
interface Unit {
  readonly quantity: string;
  readonly factor: number;
  readonly offset: number;
}

const units = new Map<string, Unit>();

function define(quantity: string, ...entries: readonly (readonly [factor: number, names: string, offset?: number])[]): void {
  for (const [factor, names, offset = 0] of entries) for (const name of names.split(' ')) units.set(name, { quantity, factor, offset });
}

define('speed', [1, 'm/s MTS'], [1 / 3.6, 'km/h KMH kmh'], [0.44704, 'mph HM'], [1852 / 3600, 'kn KNT']);
define('share', [1, '/ 1 C62'], [0.01, '% %RH /100 P1'], [0.001, '/1000 ‰']);
define('temperature', [1, 'Cel CEL °C C'], [1, 'K KEL', -273.15], [5 / 9, 'FAH °F', -160 / 9]);
define('pressure', [1, 'Pa PAL'], [100, 'hPa A97 mbar MBR'], [1_000, 'kPa KPA'], [100_000, 'bar BAR'], [133.322387415, 'mmHg HN']);
define('mass concentration', [1, 'ug/m3 ug/m³ µg/m3 µg/m³ μg/m3 μg/m³ GQ'], [1_000, 'mg/m3 mg/m³ GP'], [0.001, 'ng/m3 ng/m³']);
define('mixing ratio', [1, 'ppb 61'], [1_000, 'ppm 59']);
define('length', [1, 'm MTR'], [0.01, 'cm CMT'], [0.001, 'mm MMT l/m2 l/m²']);
define('duration', [1, 's SEC'], [0.001, 'ms C26'], [60, 'min MIN'], [3_600, 'h HUR']);
define('angle', [1, 'deg ° DD'], [180 / Math.PI, 'rad C81']);
define('number', [1, 'count vehicles']);

/** Gas at the state for which limits are written: mass by mixing ratio. */
export interface GasState {
  readonly gMol: number;
  readonly litresMol: number;
}

/** The value in another unit of the same quantity; with `gas` also from a mixing ratio to a mass concentration. Null: not that quantity, or no known unit. */
export function convert(value: number, from: string, to: string, gas: GasState | null = null): number | null {
  if (from === to) return value;
  const given = units.get(from);
  const wanted = units.get(to);
  if (given === undefined || wanted === undefined) return null;
  const base = value * given.factor + given.offset;
  if (given.quantity === wanted.quantity) return given.factor === wanted.factor && given.offset === wanted.offset ? value : tidy((base - wanted.offset) / wanted.factor);
  if (gas !== null && given.quantity === 'mixing ratio' && wanted.quantity === 'mass concentration') return tidy((base * gas.gMol) / gas.litresMol / wanted.factor);
  return null;
}

/** Without the noise of doubles: 0.54 of one is 54 %, not 54.00000000000001. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
