/**
 * A table of readings: one wide row per channel and moment, described once as a list of columns.
 *
 * From the list follow the COPY, the comparison that tells "repeated" from "corrected", and the history of corrections.
 */
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { from as copyFrom } from 'pg-copy-streams';
import type { BinaryRows } from './binary-rows.js';
import type { Transaction } from './database.js';

export type Value = number | string | null;

/** What every row of readings holds beside its metrics. */
export interface Reading {
  readonly channelId: number;
  readonly observedAtMs: number;
  readonly receivedAtMs: number;
  readonly publisherId: number | null;
  readonly revision: number;
}

export interface MetricColumn<O> {
  readonly name: string;
  readonly type: 'int2' | 'int4' | 'real' | 'text';
  readonly of: (observation: O) => Value;
}

export interface ReadingTable<O> {
  readonly schema: string;
  readonly name: string;
  /** Everything that two readings must share to be equal. */
  readonly columns: readonly MetricColumn<O>[];
}

/** A row of the table: as it is stored, or as it is about to be. `values` follow the table's columns. */
export interface StoredReading extends Reading {
  readonly values: readonly Value[];
}

const provenance = ['channel_id', 'observed_at', 'received_at', 'publisher_id', 'revision'] as const;

const columnNames = (table: ReadingTable<never>): string => [...provenance, ...table.columns.map(({ name }) => name)].join(', ');

/** The values of an observation as the database will hold them, so that what comes back compares equal. */
export function valuesOf<O>(table: ReadingTable<O>, observation: O): Value[] {
  return table.columns.map(({ type, of }) => {
    const value = of(observation);
    return type === 'real' && typeof value === 'number' ? Math.fround(value) : value;
  });
}

export function sameValues(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

export function writeObservation<O>(rows: BinaryRows, table: ReadingTable<O>, reading: Reading, observation: O): void {
  writeProvenance(rows, table, reading);
  for (const { type, of } of table.columns) writeValue(rows, type, of(observation));
}

export function writeStored<O>(rows: BinaryRows, table: ReadingTable<O>, reading: StoredReading): void {
  writeProvenance(rows, table, reading);
  for (const [index, { type }] of table.columns.entries()) writeValue(rows, type, reading.values[index]!);
}

function writeProvenance<O>(rows: BinaryRows, table: ReadingTable<O>, reading: Reading): void {
  rows.begin(provenance.length + table.columns.length);
  rows.int4(reading.channelId);
  rows.timestamp(reading.observedAtMs);
  rows.timestamp(reading.receivedAtMs);
  if (reading.publisherId === null) rows.null();
  else rows.int4(reading.publisherId);
  rows.int2(reading.revision);
}

function writeValue(rows: BinaryRows, type: MetricColumn<never>['type'], value: Value): void {
  if (value === null) rows.null();
  else if (type === 'real') rows.real(value as number);
  else if (type === 'int4') rows.int4(value as number);
  else if (type === 'int2') rows.int2(value as number);
  else rows.text(value as string);
}

export async function copyRows<O>({ client }: Transaction, table: ReadingTable<O>, rows: BinaryRows): Promise<void> {
  const stream = client.query(copyFrom(`copy ${table.schema}.${table.name} (${columnNames(table as ReadingTable<never>)}) from stdin binary`));
  await pipeline(Readable.from([rows.finish()]), stream);
}

/**
 * Rows that exist under these identities. They are not locked, which rows of a compressed chunk cannot be: the offset
 * row of their channel's home is, and keeps every other writer out.
 */
export async function rowsAt<O>({ query }: Transaction, table: ReadingTable<O>, identities: readonly Pick<Reading, 'channelId' | 'observedAtMs'>[]): Promise<StoredReading[]> {
  const times = identities.map(({ observedAtMs }) => new Date(observedAtMs).toISOString());
  // The bounds let TimescaleDB leave out chunks; a join alone cannot.
  const found = await query(
    `select r.channel_id, (extract(epoch from r.observed_at) * 1000)::float8 as observed_ms, (extract(epoch from r.received_at) * 1000)::float8 as received_ms,
            r.publisher_id, r.revision, ${table.columns.map(({ name }) => `r.${name}`).join(', ')}
       from ${table.schema}.${table.name} r
       join unnest($1::int[], $2::timestamptz[]) as wanted (channel_id, observed_at) using (channel_id, observed_at)
      where r.observed_at between $3 and $4
      order by r.channel_id, r.observed_at`,
    [identities.map(({ channelId }) => channelId), times, times.reduce((a, b) => (a < b ? a : b)), times.reduce((a, b) => (a > b ? a : b))],
  );
  return found.map((row) => ({
    channelId: row['channel_id'],
    observedAtMs: Math.round(row['observed_ms']),
    receivedAtMs: Math.round(row['received_ms']),
    publisherId: row['publisher_id'],
    revision: row['revision'],
    values: table.columns.map(({ name, type }) => (type === 'real' && row[name] !== null ? Math.fround(row[name]) : row[name])),
  }));
}

/** Gives rows that exist new values and a new revision. */
export async function updateRows<O>({ query }: Transaction, table: ReadingTable<O>, readings: readonly StoredReading[]): Promise<void> {
  const assigned = ['received_at', 'publisher_id', 'revision', ...table.columns.map(({ name }) => name)];
  const times = readings.map(({ observedAtMs }) => observedAtMs);
  await query(
    `update ${table.schema}.${table.name} r set ${assigned.map((name) => `${name} = n.${name}`).join(', ')}
       from jsonb_to_recordset($1) as n (${recordColumns(table)})
      where r.channel_id = n.channel_id and r.observed_at = n.observed_at and r.observed_at between $2 and $3`,
    [JSON.stringify(readings.map((reading) => asRecord(table, reading))), isoMin(times), isoMax(times)],
  );
}

/** Keeps what a correction replaced. */
export async function insertHistory<O>({ query }: Transaction, table: ReadingTable<O>, replaced: readonly StoredReading[]): Promise<void> {
  const names = columnNames(table as ReadingTable<never>);
  await query(
    `insert into ${table.schema}.${table.name}_history (${names}, changed_at)
     select ${names}, now() from jsonb_to_recordset($1) as n (${recordColumns(table)})`,
    [JSON.stringify(replaced.map((reading) => asRecord(table, reading)))],
  );
}

function recordColumns<O>(table: ReadingTable<O>): string {
  const types = { int2: 'int2', int4: 'int4', real: 'real', text: 'text' } as const;
  return ['channel_id int4, observed_at timestamptz, received_at timestamptz, publisher_id int4, revision int2', ...table.columns.map(({ name, type }) => `${name} ${types[type]}`)].join(', ');
}

function asRecord<O>(table: ReadingTable<O>, reading: StoredReading): Record<string, Value> {
  return {
    channel_id: reading.channelId,
    observed_at: new Date(reading.observedAtMs).toISOString(),
    received_at: new Date(reading.receivedAtMs).toISOString(),
    publisher_id: reading.publisherId,
    revision: reading.revision,
    ...Object.fromEntries(table.columns.map(({ name }, index) => [name, reading.values[index]!])),
  };
}

const isoMin = (times: readonly number[]): string => new Date(times.reduce((a, b) => Math.min(a, b))).toISOString();
const isoMax = (times: readonly number[]): string => new Date(times.reduce((a, b) => Math.max(a, b))).toISOString();
