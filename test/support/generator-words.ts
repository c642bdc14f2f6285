/** What a benchmark and its generator process say to each other, and how a generator is described. */
import type { Domain } from '#contracts';

export interface GeneratorDevice {
  readonly id: string;
}

/** One connection: a device that publishes for itself, or a gateway that publishes for several. */
export interface GeneratorClient {
  readonly id: string;
  readonly secret: string;
  /** Indices in `devices`. */
  readonly devices: readonly number[];
}

export interface GeneratorSpec {
  readonly host: string;
  readonly port: number;
  /** Of all its devices: what they publish. */
  readonly domain: Domain;
  readonly devices: readonly GeneratorDevice[];
  readonly clients: readonly GeneratorClient[];
  /** Names of channels: each device publishes one message per channel for each moment. `['']`: no channel. */
  readonly channels: readonly string[];
  /** Unacknowledged messages per connection. */
  readonly window: number;
  /** Messages of a device in one phase of its traffic (see payload.ts). */
  readonly phase: number;
  /** First observedAt of every device; null: the present, and from then on the present or 1 ms after the last. */
  readonly observedFromMs: number | null;
  /** Fixed distance between a device's moments; null: as they come. */
  readonly observedStepMs: number | null;
  /** Loopback addresses to connect from in turn, since one address has too few ports for 10,000 connections; [] for the default. */
  readonly localAddresses: readonly string[];
  /** Connections opened per second. */
  readonly connectsPerSecond: number;
}

/** Messages that were sent before, by number in the log. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export type Request =
  | { readonly do: 'connect' }
  /** Publishes new readings until told otherwise, or so many; rate 0: as fast as the windows allow. */
  | { readonly do: 'load'; readonly rate: number; readonly messages?: number }
  /** Another rate for the load that is going on. */
  | { readonly do: 'rate'; readonly rate: number }
  | { readonly do: 'pause' }
  /** Answers once everything is acknowledged and nothing is queued. */
  | { readonly do: 'settle' }
  /** Publishes again what the log holds from `from` to `to` (exclusive): the same values, or others for the same moments. */
  | { readonly do: 'again'; readonly span: Span; readonly corrected: boolean; readonly rate: number }
  /** Sets the next moment of every device. */
  | { readonly do: 'observe'; readonly fromMs: number | null; readonly stepMs: number | null }
  /** Publishes payloads as they are, each once, for the device given. */
  | { readonly do: 'raw'; readonly messages: readonly { readonly device: number; readonly payload: Buffer }[] }
  | { readonly do: 'look' }
  /** Statistics from here on; answers those until now. */
  | { readonly do: 'mark' }
  /** Tells the moment of every n-th message as it is sent, for measuring when its row appears; 0: none. */
  | { readonly do: 'sample'; readonly perSecond: number }
  | { readonly do: 'write'; readonly file: string }
  | { readonly do: 'end' };

export interface Statistics {
  /** Messages in the log, since the start. */
  readonly published: number;
  readonly acknowledged: number;
  readonly sentAgain: number;
  /** Number of the oldest message that is not acknowledged; Infinity when all are. */
  readonly oldestUnacknowledged: number;
  readonly connected: number;
  readonly connectionsLost: number;
  readonly lastLoss: string;
  /** Since the last mark. */
  readonly pubackMs: { readonly p50: number; readonly p99: number; readonly max: number; readonly count: number };
  readonly cpuUs: number;
  readonly rssMb: number;
  readonly seconds: number;
}

/** A message just sent; `sentAtNs` on the monotonic clock that all processes of a machine share. */
export interface Sample {
  readonly device: number;
  readonly channel: number;
  readonly observedAtMs: number;
  readonly sentAtNs: bigint;
}

export type Answer =
  | { readonly kind: 'done'; readonly request: number; readonly statistics: Statistics }
  | { readonly kind: 'failed'; readonly request: number; readonly error: string }
  | { readonly kind: 'samples'; readonly samples: readonly Sample[] };
