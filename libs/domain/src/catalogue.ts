/**
 * The metrics of a domain: what a series or the latest values can be asked for, and where they lie.
 *
 * Rows hold each metric in a column of its own; the aggregates hold sums, from which its value over a bucket follows.
 */
export interface Metric {
  /** As on the wire: `speedKmh`. */
  readonly name: string;
  /** `km/h`; empty for a plain number. */
  readonly unit: string;
  readonly nameVi: string;
  readonly nameEn: string;
  /** In the row. */
  readonly column: string;
  readonly rollup: RollupValue;
  /** Column of the aggregate with the seconds for which this was observed; without it, nobody can say how much was. */
  readonly seconds?: string;
  /** Stands in an object of this name among the latest values: `byClass`. */
  readonly group?: string;
}

export type RollupValue =
  /** The column of the aggregate itself. */
  | { readonly kind: 'sum'; readonly column: string }
  /** Sum by weight: null where the weight is 0. */
  | { readonly kind: 'mean'; readonly sum: string; readonly weight: string }
  /** In no aggregate: a direction has no plain mean. */
  | { readonly kind: 'none' };
