/**
 * What a format yields that knows no domain: named values, each with its unit and time. A table of the domain
 * (apps/<domain>/src/formats) turns them into its own reading.
 */
export interface NamedValue {
  /** As the sender calls it: `averageVehicleSpeed`, `urn:dev:ow:10e2073a01080063:voltage`, `air.temperature`. */
  readonly name: string;
  /** Null: the sender says that there is none. */
  readonly value: number | string | boolean | null;
  /** As the sender writes it: a unit of SenML, a code of UN/CEFACT Recommendation 20, or any text; null: none given. */
  readonly unit: string | null;
  /** When it was recorded, ms since 1970; null: the format gave no time. */
  readonly atMs: number | null;
  /** The time was reckoned from that of the receipt. */
  readonly estimatedTime?: boolean;
  /** The next value comes within so many seconds (SenML's update time). */
  readonly updateS?: number;
}

export interface NamedValues {
  /** The device that the message names, as it names it; null: none. */
  readonly device: string | null;
  /** What kind of thing it is about, such as `TrafficFlowObserved`; null: the format has no kinds. */
  readonly type: string | null;
  readonly values: readonly NamedValue[];
}

/** So many values may stand in one message. */
export const valuesMax = 20_000;

/** Is this a name of the device: its id, or a URI or URN that ends in it, as `urn:ngsi-ld:Device:loop-1` does? */
export function isNameOf(device: string, name: string): boolean {
  return name === device || (name.endsWith(device) && /[:/]/.test(name[name.length - device.length - 1] ?? ''));
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
