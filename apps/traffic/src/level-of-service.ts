/**
 * Level of service, A (free) to F (broken down), by the tables of the Highway Capacity Manual as dated rows.
 *
 * The manual is built on lane discipline: on a street of motorcycles the letter is `indicative`. Every result says
 * with which row, in vehicles or PCU, and from what share of observed data it was found.
 */
import { trafficRowValues, type DatedRow, type TrafficRowValue } from '#contracts';
import { rowAt } from '#rules';
import { classifiedCount, type ClassCounts } from './observation.js';

export type Level = 'A' | 'B' | 'C' | 'D' | 'E' | 'F';
const levels: readonly Level[] = ['A', 'B', 'C', 'D', 'E'];

export type Facility = 'freeway' | 'weaving' | 'merge-diverge' | 'signal' | 'no-signal' | 'urban-street';

export interface ServiceInput {
  readonly facility: Facility;
  readonly observedAtMs: number;
  /** What the facility's table goes by: density per lane and km, delay in s, or speed / free flow. */
  readonly value: number | null;
  readonly countedIn: 'vehicles' | 'PCU';
  /** Volume / capacity, where known: above 1 the level is F whatever the table says. */
  readonly volumeByCapacity: number | null;
  /** See `indicativeFor`. */
  readonly indicative: boolean;
  /** 0–100; passed through. */
  readonly observedPercent: number;
}

export interface Service {
  readonly level: Level;
  readonly measure: TrafficRowValue<'traffic.los'>['measure'];
  readonly value: number;
  readonly countedIn: 'vehicles' | 'PCU';
  readonly indicative: boolean;
  readonly observedPercent: number;
  readonly rowId: string;
  readonly verified: boolean;
}

/** Null where the value is missing, or no row of kind `traffic.los` that can be read holds. */
export function levelOfService(input: ServiceInput, rows: readonly DatedRow[]): Service | null {
  const row = rowAt(rows, input.facility, input.observedAtMs);
  const table = trafficRowValues['traffic.los'].safeParse(row?.value).data;
  if (row === null || table === undefined || input.value === null) return null;
  const { measure, bounds } = table;
  const over = input.volumeByCapacity !== null && input.volumeByCapacity > 1;
  return {
    level: over ? 'F' : levelOf(input.value, measure, bounds),
    measure,
    value: input.value,
    countedIn: input.countedIn,
    indicative: input.indicative,
    observedPercent: input.observedPercent,
    rowId: row.id,
    verified: row.verifiedBy !== null,
  };
}

/** What is known of a road in a bucket, as far as its table asks for it. */
export interface RoadUse {
  readonly roadClass: string | null;
  readonly lanes: number | null;
  readonly speedKmh: number | null;
  readonly freeFlowKmh: number | null;
  readonly pcuH: number | null;
}

/**
 * Which table a road goes by, and its value there: a motorway by density, k = q / (v · lanes) in PCU, since its speed
 * hardly falls before it breaks down; any other road by its share of free flow.
 */
export function tableFor({ roadClass, lanes, speedKmh, freeFlowKmh, pcuH }: RoadUse): Pick<ServiceInput, 'facility' | 'value' | 'countedIn'> {
  if (roadClass === 'motorway') {
    const known = pcuH !== null && speedKmh !== null && speedKmh > 0 && lanes !== null;
    return { facility: 'freeway', value: known ? pcuH / (speedKmh * lanes) : null, countedIn: 'PCU' };
  }
  return { facility: 'urban-street', value: speedKmh === null || freeFlowKmh === null ? null : speedKmh / freeFlowKmh, countedIn: 'vehicles' };
}

/**
 * Whether figures that rest on lanes are only indicative: by the share of motorcycles (row `traffic.motorcycle-street`),
 * and wherever that share or the row is unknown, since then nothing shows that the manual fits.
 */
export function indicativeFor(byClass: ClassCounts | null, rows: readonly DatedRow[], observedAtMs: number): boolean {
  const row = rowAt(rows, '', observedAtMs);
  const share = trafficRowValues['traffic.motorcycle-street'].safeParse(row?.value).data;
  const classified = byClass === null ? 0 : classifiedCount(byClass);
  if (share === undefined || byClass === null || classified === 0) return true;
  return (byClass.motorcycle ?? 0) / classified >= share;
}

/** Of a table with four bounds (merge and diverge) all beyond the last is E: there F is by v/c alone. */
function levelOf(value: number, measure: Service['measure'], bounds: readonly number[]): Level {
  const within = bounds.findIndex((bound) => (measure === 'shareOfFreeFlow' ? value > bound : value <= bound));
  if (within >= 0) return levels[within]!;
  return bounds.length < levels.length ? 'E' : 'F';
}
