/** What other systems have written down: names and texts that never change without a new version. */
import { conditionAsset, conditionDomain, conditionId, condition } from './condition.js';
import { connectionEvent } from './connection-event.js';
import { asset, device, gateway } from './asset.js';
import { datedRow } from './dated-row.js';
import { domainNames, domains, isStream } from './domains.js';
import { deadLetterReasons, Rejected, Unavailable } from './failures.js';
import { channel, channelsPerDeviceMax, id } from './ids.js';
import { outcomes } from './outcomes.js';
import { ownJson } from './own-json.js';
import { commandsTopic, conditionsTopic, connectionsTopic, mqttTopic, streamTopic, topicRoot } from './topics.js';
import { trafficFlagBits, vehicleClasses } from './traffic.js';

test('topics', () => {
  expect(mqttTopic('traffic', 'loop-0001', 'readings')).toBe('city/traffic/loop-0001/readings');
  expect(streamTopic(topicRoot, 'traffic', 'readings')).toBe('city.traffic.readings.v1');
  expect(conditionsTopic(topicRoot)).toBe('city.alarms.conditions.v1');
  expect(connectionsTopic(topicRoot)).toBe('city.devices.connections.v1');
  expect(commandsTopic(topicRoot)).toBe('city.devices.commands.v1');
});

test('streams: what is not listed is none, also where every object has that name', () => {
  expect(domains.traffic.streams).toEqual(['readings']);
  expect([isStream('traffic', 'readings'), isStream('traffic', 'other'), isStream('constructor', 'readings'), isStream('toString', 'length')]).toEqual([true, false, false, false]);
});

test('every stream has a schema of our own JSON, and nothing else has', () => {
  for (const domain of domainNames) for (const stream of domains[domain].streams) expect(ownJson(domain, stream)).not.toBeNull();
  expect([ownJson('traffic', 'constructor'), ownJson('constructor', 'readings')]).toEqual([null, null]);
});

describe('ids', () => {
  test.each(['a', '0', 'loop-0001', 'A.b_c:d-e', 'x'.repeat(64)])('%s is one', (text) => {
    expect(id.safeParse(text).success).toBe(true);
  });
  test.each(['', '-a', '.a', 'a b', 'a/b', 'a+b', 'a#', 'cầu', 'a\n', 'x'.repeat(65)])('%j is none', (text) => {
    expect(id.safeParse(text).success).toBe(false);
  });
  test('the channel of a device that has only one is empty', () => {
    expect([channel.safeParse('').success, channel.safeParse('lane-1').success, channel.safeParse('lane 1').success]).toEqual([true, true, false]);
    expect(channelsPerDeviceMax).toBe(64);
  });
});

test('reasons, outcomes and failures', () => {
  expect(deadLetterReasons).toEqual(['unknown-device', 'unknown-codec', 'undecodable', 'invalid', 'device-mismatch', 'wrong-domain', 'other-gateway', 'clock-ahead', 'too-old', 'too-many-channels', 'too-large', 'no-limit-row', 'our-fault']);
  expect(outcomes).toEqual(['stored', 'corrected', 'repeated', 'dead-lettered']);
  expect(new Rejected('invalid', 'speedKmh: expected 0 to 300 km/h, or null')).toMatchObject({ name: 'Rejected', reason: 'invalid', message: 'invalid: speedKmh: expected 0 to 300 km/h, or null' });
  const cause = new Error('connection refused');
  expect(new Unavailable('kafka', cause)).toMatchObject({ name: 'Unavailable', dependency: 'kafka', message: 'kafka unavailable: connection refused', cause });
});

test('classes and bits of flags are stored in rows', () => {
  expect(vehicleClasses).toEqual(['motorcycle', 'car', 'bus', 'truck', 'trailer', 'bicycle', 'other']);
  expect(trafficFlagBits).toEqual({ gap: 1, wrong_way: 2, imputed: 4, estimated_time: 8, undercount_motorcycle: 16, classes_exceed_count: 32 });
});

describe('a condition', () => {
  const golden = {
    conditionId: 'traffic/congestion/hn-cau-giay-1',
    seq: 3,
    state: 'active',
    level: 'congested',
    observedAt: '2026-11-22T07:02:00.000Z',
    value: 0.2469,
    limit: 0.4,
    unit: 'share',
    limitRowId: 'traffic.congestion.arterial.default',
    ruleVersion: 'congestion-1',
    causeId: 'loop-0001/lane-2@2026-11-22T07:02:00.000Z',
    late: false,
  };

  test('as it is published', () => {
    expect(condition.parse(golden)).toEqual(golden);
    expect(conditionId('traffic', 'congestion', 'hn-cau-giay-1')).toBe(golden.conditionId);
    expect(conditionDomain(golden)).toBe('traffic');
    expect(conditionDomain({ conditionId: 'constructor/congestion/x' })).toBeNull();
    expect(conditionAsset).toBe(id);
  });

  test.each([
    ['seq 0', { seq: 0 }],
    ['another state', { state: 'raised' }],
    ['an id of two parts', { conditionId: 'traffic/congestion' }],
    ['no time', { observedAt: 'now' }],
    ['a field more', { plate: '30A-123.45' }],
  ])('is none with %s', (_, change) => {
    expect(condition.safeParse({ ...golden, ...change }).success).toBe(false);
  });
});

test('a segment, its detector and their gateway, with what is left out filled in', () => {
  expect(asset.parse({ id: 'hn-cau-giay-1', kind: 'segment', nameVi: 'Cầu Giấy', nameEn: 'Cau Giay', geometry: { type: 'LineString', coordinates: [[105.8, 21.03], [105.81, 21.03]] } })).toEqual({
    id: 'hn-cau-giay-1', kind: 'segment', parent: null, nameVi: 'Cầu Giấy', nameEn: 'Cau Giay',
    geometry: { type: 'LineString', coordinates: [[105.8, 21.03], [105.81, 21.03]] },
    zone: null, roadClass: null, lanes: null, lengthM: null, freeFlowKmh: null, timeZone: 'Asia/Ho_Chi_Minh',
  });
  expect(device.parse({ id: 'loop-0001', domain: 'traffic', asset: 'hn-cau-giay-1' })).toEqual({ id: 'loop-0001', domain: 'traffic', asset: 'hn-cau-giay-1', gateway: null, codec: 'json', replay: false });
  expect(gateway.parse({ id: 'gw-1', nameVi: 'Tủ 1', nameEn: 'Cabinet 1' })).toEqual({ id: 'gw-1', nameVi: 'Tủ 1', nameEn: 'Cabinet 1', asset: null });
  expect(device.safeParse({ id: 'loop-0001', domain: 'weather', asset: 'a' }).success).toBe(false);
  expect(asset.safeParse({ id: 'a', kind: 'segment', nameVi: 'a', nameEn: 'a', geometry: { type: 'Point', coordinates: [21.03, 105.8] } }).success).toBe(false); // Latitude first.
});

test('a dated row and a connection', () => {
  const row = { id: 'traffic.pcu.30-50.2007', kind: 'traffic.pcu', key: '30-50', legalBasis: 'TCXDVN 104:2007', article: '', validFrom: '2007-01-01T00:00:00+07:00', validTo: null, value: { car: 1 }, unit: 'PCU', source: 'TCXDVN 104:2007', verifiedBy: null };
  expect(datedRow.parse(row)).toEqual(row);
  expect(datedRow.safeParse({ ...row, source: '' }).success).toBe(false);
  expect(datedRow.safeParse({ ...row, validFrom: '2007' }).success).toBe(false);
  const event = { client: 'loop-0001', state: 'disconnected', at: '2026-11-22T07:00:00.000Z', reason: 'keep-alive', protocol: 'mqtt5', address: '127.0.0.1' };
  expect(connectionEvent.parse(event)).toEqual(event);
});
