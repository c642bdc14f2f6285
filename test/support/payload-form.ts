/** What the load of one domain says of itself; payloads.ts has them all. */
import type { ColumnType } from './copy-out.js';
import type { Packet } from './packet.js';

type Columns = readonly (readonly [name: string, type: ColumnType])[];

export interface Payload {
  /** `channel` '' leaves the field out. */
  packet(device: string, channel: string): Packet;
  /** Of the wide row, beside channel, moment and revision. */
  readonly columns: Columns;
  /** Of message `value` of device number `device`, in the order of `columns`. Equal rows are the same reading again. */
  row(device: number, value: number, phase: number): readonly (number | null)[];
  /** Of the aggregates, beside channel and bucket. */
  readonly sums: Columns;
  /** What one message adds to each of `sums`; null: nothing, and where all add nothing there is no sum. */
  terms(device: number, value: number, phase: number): readonly (number | null)[];
}
