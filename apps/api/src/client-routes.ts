/** Devices and gateways, and the secrets with which they come in: looked at by all, each their part; changed by supervisors. */
import { device, domainNames, gateway, id, type Device, type Domain, type Gateway } from '#contracts';
import { Described, limitField, principalOf, problem, yesField, type Principal } from '#service';
import type { Database, Transaction } from '#timeseries';
import { Body, Controller, Delete, Get, Header, Inject, Param, Patch, Post, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { outside, registryDatabase, was } from './asset-routes.js';
import { cursorField, pageOf, pageView } from './pages.js';
import { putDevices, putGateways, revoke, type Outcome } from './register.js';
import { findDevice, findGateway, listDevices, listGateways, lockRegistry } from './registry-lists.js';
import { changed, changeOf, clientParams, deviceView, gatewayView, holds, secretView } from './registry-words.js';
import { known } from './tables.js';

type Params = z.output<typeof clientParams>;
const cursor = cursorField(z.tuple([id]));
const deviceQuery = z.strictObject({ domain: z.enum(domainNames as [Domain, ...Domain[]]).optional(), asset: id.optional(), gateway: id.optional(), limit: limitField(1_000), cursor });
const gatewayQuery = z.strictObject({ limit: limitField(1_000), cursor });
const revokeQuery = z.strictObject({ old: yesField().describe('All but the newest, after a rotation') });
const deviceChange = changeOf(device);
const gatewayChange = changeOf(gateway);
const revokedView = z.strictObject({ client: z.string(), ended: z.int().meta({ description: 'How many secrets are no longer valid' }) });
const unknown = { 404: { description: 'There is no such thing, or it lies outside your areas' } };
const taken = { 409: { description: 'The id is taken' } };

@Controller('v1/devices')
export class DeviceRoutes {
  constructor(@Inject(registryDatabase) private readonly db: Database) {}

  @Get()
  @Described({ summary: 'Devices, by id', tag: 'devices', role: 'viewer', query: deviceQuery, answers: { 200: { description: 'A page of those in the areas of who asks', schema: pageView(deviceView) } } })
  async list(@Req() request: IncomingMessage, @Query() { limit, cursor: from, domain, asset, gateway: behind }: z.output<typeof deviceQuery>): Promise<unknown> {
    const { areas } = principalOf(request);
    return pageOf(await listDevices(this.db, { areas, afterId: from?.[0] ?? '', limit: limit + 1, domain, asset, gateway: behind }), limit, (last) => [last.id]);
  }

  @Get(':id')
  @Described({ summary: 'One device', tag: 'devices', role: 'viewer', params: clientParams, answers: { 200: { description: 'The device', schema: deviceView }, ...unknown } })
  async one(@Req() request: IncomingMessage, @Param() { id: wanted }: Params): Promise<unknown> {
    return found(await findDevice(this.db, principalOf(request).areas, wanted), 'device', wanted);
  }

  @Post()
  @Header('cache-control', 'no-store')
  @Described({ summary: 'Add a device', tag: 'devices', role: 'supervisor', body: device, answers: { 201: { description: 'Added; its secret is shown this once', schema: z.strictObject({ device: deviceView, secret: z.string() }) }, ...taken } })
  async add(@Req() request: IncomingMessage, @Body() body: Device): Promise<unknown> {
    const { value, outcome } = await this.put(request, async (transaction, caller) => {
      await needFree(transaction, 'device', body.id);
      if (body.replay) needAdmin(caller);
      return { value: holds(body), details: {} };
    });
    return { device: value, secret: outcome.secrets.get(body.id) };
  }

  @Patch(':id')
  @Described({ summary: 'Change a device', tag: 'devices', role: 'supervisor', params: clientParams, body: deviceChange, description: 'Only an admin marks a device `replay`.', answers: { 200: { description: 'As it is now', schema: deviceView }, ...unknown } })
  async change(@Req() request: IncomingMessage, @Param() { id: wanted }: Params, @Body() body: z.output<typeof deviceChange>): Promise<unknown> {
    const { value } = await this.put(request, async (transaction, caller) => {
      const { secretsInForce: _, ...before } = found(await findDevice(transaction, caller.areas, wanted), 'device', wanted);
      const after = changed(device, before, body);
      if (after.replay !== before.replay) needAdmin(caller);
      return { value: after, details: { before: was(before, body) } };
    });
    return value;
  }

  @Post(':id/secret')
  @Header('cache-control', 'no-store')
  @Described({
    summary: 'Give a device a new secret', tag: 'devices', role: 'supervisor', params: clientParams,
    description: 'The newest of the old stays in force beside it until `DELETE …/secrets?old=true`. One that was revoked is let in again.',
    answers: { 201: { description: 'Shown this once', schema: secretView }, ...unknown },
  })
  async rotate(@Req() request: IncomingMessage, @Param() { id: wanted }: Params): Promise<unknown> {
    const { outcome } = await this.put(request, async (transaction, caller) => {
      const { secretsInForce: _, ...before } = found(await findDevice(transaction, caller.areas, wanted), 'device', wanted);
      return { value: before, details: {}, rotate: true };
    });
    return { client: wanted, secret: outcome.secrets.get(wanted) };
  }

  @Delete(':id/secrets')
  @Described({ summary: 'Revoke a device', tag: 'devices', role: 'supervisor', params: clientParams, query: revokeQuery, description: 'It is disconnected within 5 s.', answers: { 200: { description: 'What was ended', schema: revokedView }, ...unknown } })
  async revoke(@Req() request: IncomingMessage, @Param() { id: wanted }: Params, @Query() { old }: z.output<typeof revokeQuery>): Promise<unknown> {
    const { areas, person } = principalOf(request);
    found(await findDevice(this.db, areas, wanted), 'device', wanted);
    return { client: wanted, ended: await revoke(this.db, wanted, { author: person, old }) };
  }

  private put(request: IncomingMessage, made: Made<Device>) {
    return putOne(this.db, request, made, putDevices, findDevice);
  }
}

@Controller('v1/gateways')
export class GatewayRoutes {
  constructor(@Inject(registryDatabase) private readonly db: Database) {}

  @Get()
  @Described({ summary: 'Gateways, by id', tag: 'gateways', role: 'viewer', query: gatewayQuery, answers: { 200: { description: 'A page of those in the areas of who asks', schema: pageView(gatewayView) } } })
  async list(@Req() request: IncomingMessage, @Query() { limit, cursor: from }: z.output<typeof gatewayQuery>): Promise<unknown> {
    return pageOf(await listGateways(this.db, { areas: principalOf(request).areas, afterId: from?.[0] ?? '', limit: limit + 1 }), limit, (last) => [last.id]);
  }

  @Get(':id')
  @Described({ summary: 'One gateway', tag: 'gateways', role: 'viewer', params: clientParams, answers: { 200: { description: 'The gateway', schema: gatewayView }, ...unknown } })
  async one(@Req() request: IncomingMessage, @Param() { id: wanted }: Params): Promise<unknown> {
    return found(await findGateway(this.db, principalOf(request).areas, wanted), 'gateway', wanted);
  }

  @Post()
  @Header('cache-control', 'no-store')
  @Described({ summary: 'Add a gateway', tag: 'gateways', role: 'supervisor', body: gateway, answers: { 201: { description: 'Added; its secret is shown this once', schema: z.strictObject({ gateway: gatewayView, secret: z.string() }) }, ...taken } })
  async add(@Req() request: IncomingMessage, @Body() body: Gateway): Promise<unknown> {
    const { value, outcome } = await this.put(request, async (transaction) => {
      await needFree(transaction, 'gateway', body.id);
      return { value: holds(body), details: {} };
    });
    return { gateway: value, secret: outcome.secrets.get(body.id) };
  }

  @Patch(':id')
  @Described({ summary: 'Change a gateway', tag: 'gateways', role: 'supervisor', params: clientParams, body: gatewayChange, answers: { 200: { description: 'As it is now', schema: gatewayView }, ...unknown } })
  async change(@Req() request: IncomingMessage, @Param() { id: wanted }: Params, @Body() body: z.output<typeof gatewayChange>): Promise<unknown> {
    const { value } = await this.put(request, async (transaction, caller) => {
      const { secretsInForce: _, ...before } = found(await findGateway(transaction, caller.areas, wanted), 'gateway', wanted);
      return { value: changed(gateway, before, body), details: { before: was(before, body) } };
    });
    return value;
  }

  @Post(':id/secret')
  @Header('cache-control', 'no-store')
  @Described({ summary: 'Give a gateway a new secret', tag: 'gateways', role: 'supervisor', params: clientParams, description: 'As for devices.', answers: { 201: { description: 'Shown this once', schema: secretView }, ...unknown } })
  async rotate(@Req() request: IncomingMessage, @Param() { id: wanted }: Params): Promise<unknown> {
    const { outcome } = await this.put(request, async (transaction, caller) => {
      const { secretsInForce: _, ...before } = found(await findGateway(transaction, caller.areas, wanted), 'gateway', wanted);
      return { value: before, details: {}, rotate: true };
    });
    return { client: wanted, secret: outcome.secrets.get(wanted) };
  }

  @Delete(':id/secrets')
  @Described({ summary: 'Revoke a gateway', tag: 'gateways', role: 'supervisor', params: clientParams, query: revokeQuery, answers: { 200: { description: 'What was ended', schema: revokedView }, ...unknown } })
  async revoke(@Req() request: IncomingMessage, @Param() { id: wanted }: Params, @Query() { old }: z.output<typeof revokeQuery>): Promise<unknown> {
    const { areas, person } = principalOf(request);
    found(await findGateway(this.db, areas, wanted), 'gateway', wanted);
    return { client: wanted, ended: await revoke(this.db, wanted, { author: person, old }) };
  }

  private put(request: IncomingMessage, made: Made<Gateway>) {
    return putOne(this.db, request, made, putGateways, findGateway);
  }
}

type Made<T> = (transaction: Transaction, caller: Principal) => Promise<{ value: T; details: object; rotate?: boolean }>;

/** Written, and looked at with the eyes of who writes: nobody puts anything outside their areas. */
function putOne<T extends { readonly id: string }, V>(
  db: Database,
  request: IncomingMessage,
  made: Made<T>,
  put: (transaction: Transaction, values: readonly T[], options: { author: string; rotate: boolean; readmit: boolean; details: object }) => Promise<Outcome>,
  find: (transaction: Transaction, areas: readonly string[], id: string) => Promise<V | null>,
): Promise<{ value: V; outcome: Outcome }> {
  const caller = principalOf(request);
  return db.transaction(async (transaction) => {
    await lockRegistry(transaction);
    const { value, details, rotate = false } = await made(transaction, caller);
    const outcome = await put(transaction, [value], { author: caller.person, rotate, readmit: rotate, details });
    const after = await find(transaction, caller.areas, value.id);
    if (after === null) throw outside('asset');
    return { value: after, outcome };
  });
}

async function needFree(transaction: Transaction, table: 'device' | 'gateway', wanted: string): Promise<void> {
  if ((await known(transaction, table, [wanted])).length > 0) throw problem(409, 'taken', { field: 'id', expected: `an id that no ${table} has`, detail: `id: ${wanted} is taken` });
}

function needAdmin({ roles }: Principal): void {
  if (!roles.includes('admin')) throw problem(403, 'role', { field: 'replay', expected: 'an admin, since what is replayed has no limit of age and is kept for ever' });
}

function found<T>(value: T | null, what: string, wanted: string): T {
  if (value === null) throw problem(404, `unknown-${what}`, { detail: `there is no ${what} "${wanted}" in your areas` });
  return value;
}
