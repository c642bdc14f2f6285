/** Whether the rows of all files fit together and to what is registered already. Pure. */
import type { Asset, Device, Gateway } from '#contracts';
import { parentsMax } from './tables.js';
import type { Row, RowProblem } from './import-row.js';

export interface Plan {
  readonly assets: readonly Row<Asset>[];
  readonly gateways: readonly Row<Gateway>[];
  readonly devices: readonly Row<Device>[];
}

export interface Registered {
  readonly parents: ReadonlyMap<string, string | null>;
  readonly gateways: ReadonlySet<string>;
  readonly devices: ReadonlySet<string>;
}

export interface Checked {
  /** What can be imported, when the rest is left out. */
  readonly plan: Plan;
  readonly problems: readonly RowProblem[];
}

/** Leaves out what is wrong, then what rested on it, and so on until the rest holds. */
export function checkPlan(plan: Plan, registered: Registered): Checked {
  const problems: RowProblem[] = [];
  let left = plan;
  for (;;) {
    const wrong = problemsOf(left, registered);
    if (wrong.size === 0) return { plan: left, problems };
    for (const problem of wrong.values()) problems.push(problem);
    const hold = <T>(rows: readonly Row<T>[]): Row<T>[] => rows.filter((row) => !wrong.has(row));
    left = { assets: hold(left.assets), gateways: hold(left.gateways), devices: hold(left.devices) };
  }
}

type Wrong = Map<Row<unknown>, RowProblem>;

function problemsOf({ assets, gateways, devices }: Plan, registered: Registered): Wrong {
  const wrong: Wrong = new Map();
  const blame = (row: Row<unknown>, field: string, expected: string): void => {
    if (!wrong.has(row)) wrong.set(row, { ...row.place, field, expected: `expected ${expected}` });
  };
  for (const rows of [assets, gateways, devices]) blameRepeated(rows, blame);

  const parents = new Map(registered.parents);
  for (const { value } of assets) parents.set(value.id, value.parent);
  const gatewayIds = new Set([...registered.gateways, ...gateways.map(({ value }) => value.id)]);
  const deviceIds = new Set([...registered.devices, ...devices.map(({ value }) => value.id)]);

  for (const row of assets) {
    if (row.value.parent !== null && !parents.has(row.value.parent)) blame(row, 'parent', `the id of an asset, found ${row.value.parent}`);
  }
  for (const row of aboveThemselves(assets, parents)) blame(row, 'parent', `a parent that is not below the asset itself, with at most ${parentsMax} levels`);
  for (const row of gateways) {
    if (row.value.asset !== null && !parents.has(row.value.asset)) blame(row, 'asset', `the id of an asset, found ${row.value.asset}`);
    if (registered.devices.has(row.value.id)) blame(row, 'id', `an id that no device has, found ${row.value.id}`);
  }
  for (const row of devices) {
    if (!parents.has(row.value.asset)) blame(row, 'asset', `the id of an asset, found ${row.value.asset}`);
    if (row.value.gateway !== null && !gatewayIds.has(row.value.gateway)) blame(row, 'gateway', `the id of a gateway, found ${row.value.gateway}`);
    // Device and gateway log in under their ids: one name, one client.
    if (gatewayIds.has(row.value.id) && deviceIds.has(row.value.id)) blame(row, 'id', `an id that no gateway has, found ${row.value.id}`);
  }
  return wrong;
}

function blameRepeated(rows: readonly Row<{ readonly id: string }>[], blame: (row: Row<unknown>, field: string, expected: string) => void): void {
  const first = new Map<string, Row<unknown>>();
  for (const row of rows) {
    const before = first.get(row.value.id);
    if (before === undefined) first.set(row.value.id, row);
    else blame(row, 'id', `each id once, found ${row.value.id} again (${before.place.file}, ${before.place.at})`);
  }
}

/** Those on or below a circle of parents, or too deep. Each asset is climbed once. */
function aboveThemselves(assets: readonly Row<Asset>[], parents: ReadonlyMap<string, string | null>): Row<Asset>[] {
  const levels = new Map<string, number>();
  const levelOf = (start: string): number => {
    const path: string[] = [];
    const onPath = new Set<string>();
    let at: string | null = start;
    while (at !== null && !levels.has(at) && !onPath.has(at)) {
      path.push(at);
      onPath.add(at);
      at = parents.get(at) ?? null;
    }
    let level = at === null ? 0 : (levels.get(at) ?? Infinity);
    for (const id of path.reverse()) levels.set(id, ++level);
    return level;
  };
  return assets.filter(({ value }) => levelOf(value.id) > parentsMax);
}
