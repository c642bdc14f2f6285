/** What is handed to others: the newest observed reading of a channel, with where it stands and whether it is congested there. */
import { vehicleClasses, type VehicleClass } from '#contracts';

export interface ExchangeReading {
  readonly device: string;
  readonly channel: string;
  readonly asset: string;
  readonly nameVi: string;
  readonly nameEn: string;
  /** GeoJSON; null: not known. */
  readonly geometry: unknown;
  /** Of the asset, now. */
  readonly congested: boolean;
  readonly observedAtMs: number;
  readonly periodS: number;
  readonly count: number | null;
  readonly speedKmh: number | null;
  readonly occupancy: number | null;
  readonly lengthM: number | null;
  readonly byClass: Readonly<Record<VehicleClass, number | null>>;
}

export interface Lane {
  /** From 1. */
  readonly number: number | null;
  readonly direction: 'forward' | 'backward' | null;
}

/** What a channel's name says: `lane-2`, `lane-2:forward`. */
export function laneOf(channel: string): Lane {
  const [, number, direction] = /^(?:lane-([1-9]\d?))?(?::?(forward|backward))?(?::|$)/.exec(channel) ?? [];
  return { number: number === undefined ? null : Number(number), direction: (direction as 'forward' | 'backward' | undefined) ?? null };
}

/** Classes that the detector tells apart, with their counts. */
export function classCounts({ byClass }: ExchangeReading): readonly (readonly [VehicleClass, number])[] {
  return vehicleClasses.flatMap((name) => (byClass[name] === null ? [] : [[name, byClass[name]] as const]));
}

/** RFC 3339, to the second where there is nothing finer. */
export function instant(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
