/**
 * The second way of computing what a sequence of readings must become: rows, history, outcomes and conditions, from the
 * definitions (decisions 1, 2 and 26), one reading at a time, in plain loops over everything known, however slow.
 */
import type { Database } from '#timeseries';
import type { TrafficArrival } from './traffic-storage.js';

/** All that can be compared, in words and sorted, so that a difference can be read. */
export interface StoredState {
  readonly rows: string[];
  readonly history: string[];
  readonly outcomes: { stored: number; corrected: number; repeated: number };
  /** Every change of a condition, and what was announced of it. */
  readonly changes: string[];
  readonly announced: string[];
  /** By asset, the last of them. */
  readonly conditions: string[];
}

export interface ModelRow {
  readonly count: number | null;
  readonly speedKmh: number | null;
  readonly revision: number;
}

export interface ModelChange {
  readonly asset: string;
  readonly seq: number;
  readonly state: 'active' | 'clear';
  readonly observedAtMs: number;
}

/** Of a street with 50 km/h: the rows that the contracts bring. */
const enterBelowKmh = 0.4 * 50;
const clearAboveKmh = 0.56 * 50;
const needed = 3;
const of = 5;
const periodMs = 60_000;

export class ReadingsModel {
  /** By `<device>/<channel>@<ISO>`. */
  readonly rows = new Map<string, ModelRow>();
  readonly history: string[] = [];
  readonly changes: ModelChange[] = [];
  readonly outcomes = { stored: 0, corrected: 0, repeated: 0 };
  private readonly lanes = new Map<string, Map<number, Map<string, ModelRow>>>();
  private readonly active = new Map<string, boolean>();

  take({ device, channel, observedAtMs, observation, subject }: TrafficArrival): keyof ReadingsModel['outcomes'] {
    const lane = `${device}/${channel}`;
    const key = `${lane}@${new Date(observedAtMs).toISOString()}`;
    const speedKmh = observation.speedKmh === null ? null : Math.fround(observation.speedKmh);
    const before = this.rows.get(key);
    if (before !== undefined && before.count === observation.count && before.speedKmh === speedKmh) {
      this.outcomes.repeated++;
      return 'repeated';
    }
    const row = { count: observation.count, speedKmh, revision: before === undefined ? 0 : before.revision + 1 };
    if (before !== undefined) this.history.push(told(key, before));
    this.rows.set(key, row);
    const outcome = before === undefined ? 'stored' : 'corrected';
    this.outcomes[outcome]++;
    if (subject !== null) this.judge(subject, lane, observedAtMs, row);
    return outcome;
  }

  state(): StoredState {
    const changes = this.changes.map(({ asset, seq, state, observedAtMs }) => `${asset} ${seq} ${state} ${new Date(observedAtMs).toISOString()}`).sort();
    const last = new Map(this.changes.map(({ asset, seq, state }) => [asset, `${asset} ${seq} ${state}`]));
    return {
      rows: [...this.rows].map(([key, row]) => told(key, row)).sort(),
      history: [...this.history].sort(),
      outcomes: { ...this.outcomes },
      changes,
      announced: changes,
      conditions: [...last.values()].sort(),
    };
  }

  private judge(asset: string, lane: string, atMs: number, row: ModelRow): void {
    let moments = this.lanes.get(asset);
    if (moments === undefined) this.lanes.set(asset, (moments = new Map()));
    if (!moments.has(atMs)) moments.set(atMs, new Map());
    moments.get(atMs)!.set(lane, row);

    const newestMs = Math.max(...moments.keys());
    const window = [...moments.keys()].sort((a, b) => a - b).slice(-of).filter((ms) => ms > newestMs - of * periodMs);
    if (!window.includes(atMs)) return;
    const speeds = window.map((ms) => meanSpeed([...moments.get(ms)!.values()]));
    const active = this.active.get(asset) ?? false;
    const agreeing = speeds.filter((kmh) => kmh !== null && (active ? kmh > clearAboveKmh : kmh < enterBelowKmh)).length;
    if (agreeing < needed) return;
    this.active.set(asset, !active);
    const seq = this.changes.filter((change) => change.asset === asset).length + 1;
    this.changes.push({ asset, seq, state: active ? 'clear' : 'active', observedAtMs: newestMs });
  }
}

function meanSpeed(lanes: readonly ModelRow[]): number | null {
  let vehicles = 0;
  let weighted = 0;
  for (const { count, speedKmh } of lanes) {
    if (speedKmh === null) continue;
    vehicles += count ?? 1;
    weighted += (count ?? 1) * speedKmh;
  }
  return vehicles === 0 ? null : weighted / vehicles;
}

/** The same, as the database has it. */
export async function storedState(db: Database): Promise<StoredState> {
  const rowsOf = async (table: string): Promise<string[]> =>
    (await db.query(`select c.device, c.channel, r.observed_at, r.count, r.speed_kmh, r.revision from traffic.${table} r join traffic.channel c on c.id = r.channel_id`))
      .map((row) => told(`${row['device']}/${row['channel']}@${row['observed_at'].toISOString()}`, { count: row['count'], speedKmh: row['speed_kmh'] === null ? null : Math.fround(row['speed_kmh']), revision: row['revision'] }))
      .sort();
  const [outcomes] = await db.query('select sum(stored)::int as stored, sum(corrected)::int as corrected, sum(repeated)::int as repeated from traffic.consumed');
  const changes = await db.query('select asset, seq, state, observed_at from traffic.condition_change');
  const announced = (await db.query('select payload from traffic.outbox')).map((row) => JSON.parse(row['payload']) as { conditionId: string; seq: number; state: string; observedAt: string });
  return {
    rows: await rowsOf('reading'),
    history: await rowsOf('reading_history'),
    outcomes: outcomes as StoredState['outcomes'],
    changes: changes.map((row) => `${row['asset']} ${row['seq']} ${row['state']} ${row['observed_at'].toISOString()}`).sort(),
    announced: announced.map(({ conditionId, seq, state, observedAt }) => `${conditionId.split('/')[2]} ${seq} ${state} ${observedAt}`).sort(),
    conditions: (await db.query('select asset, seq, active from traffic.condition')).map((row) => `${row['asset']} ${row['seq']} ${row['active'] ? 'active' : 'clear'}`).sort(),
  };
}

function told(key: string, { count, speedKmh, revision }: ModelRow): string {
  return `${key} ${count} ${speedKmh} r${revision}`;
}

/** Chance that a test can repeat: the same seed, the same numbers, 0 to 1 (mulberry32). */
export function chanceFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
