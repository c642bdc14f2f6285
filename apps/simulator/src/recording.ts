/** What the replayer plays, whatever the recording: messages in the order of time, and who sends them. */
import type { Asset, Device, Domain, Gateway } from '#contracts';

export interface RecordedMessage {
  readonly device: string;
  /** Start of its period. */
  readonly atMs: number;
  /** What a clock at the place shows, for the person who watches. */
  readonly clock: string;
  readonly reading: object;
}

export interface Recording {
  readonly messages: readonly RecordedMessage[];
  readonly registration: { readonly assets: readonly Asset[]; readonly devices: readonly Device[] };
  /** A sentence on what is played. */
  readonly summary: string;
  /** Lines of a table for the end. */
  readonly report: readonly string[];
  readonly bad: readonly { readonly file: string; readonly line: number; readonly reason: string }[];
}

export interface DataSet {
  readonly domain: Domain;
  readonly gateway: Gateway;
  /** Played when nobody asks for other days; null: all of the recording. */
  readonly fromDefault: string | null;
  readonly daysDefault: number | null;
  readonly daysMax: number;
  readonly source: string;
  readonly licence: string;
  /** Files in the folder that these days need. */
  files(span: Span): readonly string[];
  load(folder: string, span: Span): Promise<Recording>;
}

/** Local days as 2023-03-01 in their order; null: all of the recording. */
export type Span = readonly string[] | null;
