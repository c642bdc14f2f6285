/** What stands in the city: looked at by all, each their part; changed by supervisors. */
import { asset, id, assetKinds, type Asset } from '#contracts';
import { Described, limitField, principalOf, problem, yesField, type Principal } from '#service';
import type { Database, Transaction } from '#timeseries';
import { Body, Controller, Get, Inject, Param, Patch, Post, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { withZones } from './import.js';
import { cursorField, pageOf, pageView } from './pages.js';
import { putAssets } from './register.js';
import { findAsset, listAssets, listBelow, lockRegistry, type Branch } from './registry-lists.js';
import { assetView, changed, changeOf, holds, idParams } from './registry-words.js';
import { known, parentsMax } from './tables.js';

export const registryDatabase = Symbol('database of the registry');

const searched = z.string('expected a text').regex(/^[^\p{Cc}\p{Cs}]{1,100}$/u, 'expected 1–100 printable characters').describe('Part of a name or id');
const listQuery = z.strictObject({
  kind: z.enum(assetKinds).optional(), parent: id.optional(), zone: id.optional(), text: searched.optional(),
  geometry: yesField().describe('With the geometry of each, which may be large'), limit: limitField(1_000), cursor: cursorField(z.tuple([id])),
});
const treeQuery = z.strictObject({ levels: z.coerce.number({ error: `expected 0 to ${parentsMax}` }).int(`expected 0 to ${parentsMax}`).min(0, `expected 0 to ${parentsMax}`).max(parentsMax, `expected 0 to ${parentsMax}`).default(parentsMax).describe('How deep') });
const branchesMax = 5_000;
const changeBody = changeOf(asset);
const tag = 'assets';
const unknown = { 404: { description: 'There is no such asset, or it lies outside your areas' } };

interface Tree extends Omit<Branch, 'level'> {
  readonly children: Tree[];
}
const treeView: z.ZodType<Tree> = z
  .strictObject({ id: z.string(), kind: z.enum(assetKinds), parent: z.string().nullable(), nameVi: z.string(), nameEn: z.string(), devices: z.int().meta({ description: 'That watch it directly' }), get children() { return z.array(treeView); } })
  .meta({ id: 'AssetTree' }) as unknown as z.ZodType<Tree>;

@Controller('v1/assets')
export class AssetRoutes {
  constructor(@Inject(registryDatabase) private readonly db: Database) {}

  @Get()
  @Described({ summary: 'Assets, by id', tag, role: 'viewer', query: listQuery, answers: { 200: { description: 'A page of those in the areas of who asks', schema: pageView(assetView) } } })
  async list(@Req() request: IncomingMessage, @Query() { limit, cursor, kind, parent, zone, text, geometry }: z.output<typeof listQuery>): Promise<unknown> {
    const { areas } = principalOf(request);
    return pageOf(await listAssets(this.db, { areas, afterId: cursor?.[0] ?? '', limit: limit + 1, kind, parent, zone, text, geometry }), limit, (last) => [last.id]);
  }

  @Get(':id')
  @Described({ summary: 'One asset', tag, role: 'viewer', params: idParams, answers: { 200: { description: 'With its geometry', schema: assetView }, ...unknown } })
  async one(@Req() request: IncomingMessage, @Param() { id: wanted }: z.output<typeof idParams>): Promise<unknown> {
    return found(await findAsset(this.db, principalOf(request).areas, wanted), wanted);
  }

  @Get(':id/tree')
  @Described({
    summary: 'An asset with all that hangs below it', tag, role: 'viewer', params: idParams, query: treeQuery,
    description: `By parent, with the number of devices at each. At most ${branchesMax} assets: ask for fewer levels, or for pages with \`parent\`.`,
    answers: { 200: { description: 'The tree', schema: treeView }, ...unknown, 409: { description: 'The tree is too large to be shown at once' } },
  })
  async tree(@Req() request: IncomingMessage, @Param() { id: wanted }: z.output<typeof idParams>, @Query() { levels }: z.output<typeof treeQuery>): Promise<unknown> {
    found(await findAsset(this.db, principalOf(request).areas, wanted), wanted);
    const branches = await listBelow(this.db, wanted, levels, branchesMax + 1);
    if (branches.length > branchesMax) throw problem(409, 'too-many', { field: 'levels', expected: 'fewer levels', detail: `more than ${branchesMax} assets hang below ${wanted}` });
    return treeOf(branches);
  }

  @Post()
  @Described({ summary: 'Add an asset', tag, role: 'supervisor', body: asset, answers: { 201: { description: 'As it was added; its zone is found by its geometry where none is given', schema: assetView }, 409: { description: 'The id is taken' } } })
  async add(@Req() request: IncomingMessage, @Body() body: Asset): Promise<unknown> {
    return this.put(request, async (transaction) => {
      if ((await known(transaction, 'asset', [body.id])).length > 0) throw problem(409, 'taken', { field: 'id', expected: 'an id that no asset has', detail: `id: ${body.id} is taken` });
      return { value: holds(body), details: {} };
    });
  }

  @Patch(':id')
  @Described({ summary: 'Change an asset', tag, role: 'supervisor', params: idParams, body: changeBody, answers: { 200: { description: 'As it is now', schema: assetView }, ...unknown } })
  change(@Req() request: IncomingMessage, @Param() { id: wanted }: z.output<typeof idParams>, @Body() body: z.output<typeof changeBody>): Promise<unknown> {
    return this.put(request, async (transaction, { areas }) => {
      const before = found(await findAsset(transaction, areas, wanted), wanted);
      return { value: changed(asset, before, body), details: { before: was(before, body) } };
    });
  }

  /** Written, and looked at with the eyes of who writes: nobody puts anything outside their areas. */
  private put(request: IncomingMessage, made: (transaction: Transaction, caller: Principal) => Promise<{ value: Asset; details: object }>): Promise<Asset> {
    const caller = principalOf(request);
    return this.db.transaction(async (transaction) => {
      await lockRegistry(transaction);
      const { value, details } = await made(transaction, caller);
      await putAssets(transaction, await withZones(transaction, [value]), { author: caller.person, details });
      const after = await findAsset(transaction, caller.areas, value.id);
      if (after === null) throw outside('parent');
      return after;
    });
  }
}

/** What the fields that change were before. */
export function was(before: object, change: object): object {
  return Object.fromEntries(Object.keys(change).map((field) => [field, (before as Record<string, unknown>)[field]]));
}

export function outside(field: string): Error {
  return problem(403, 'area', { field, expected: 'a place within your areas', detail: `${field}: expected a place within your areas` });
}

function found(value: Asset | null, wanted: string): Asset {
  if (value === null) throw problem(404, 'unknown-asset', { detail: `there is no asset "${wanted}" in your areas` });
  return value;
}

/** `branches` level by level, the root first. */
function treeOf(branches: readonly Branch[]): Tree {
  const trees = new Map<string, Tree>();
  for (const { level, ...branch } of branches) {
    const tree: Tree = { ...branch, children: [] };
    trees.set(branch.id, tree);
    if (level > 0) trees.get(branch.parent!)!.children.push(tree);
  }
  return trees.get(branches[0]!.id)!;
}
