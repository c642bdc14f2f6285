import { Rejected } from '#contracts';
import { decodeTheThingsStack } from './the-things-stack.js';

const decode = (message: unknown): unknown[] => {
  const bytes = Buffer.from(JSON.stringify(message));
  return decodeTheThingsStack(bytes, 0, bytes.length).map((element) => (element instanceof Rejected ? element.message : element));
};
const ids = { device_id: 'dev1', application_ids: { application_id: 'app1' }, dev_eui: '0004A30B001C0530' };
const received_at = '2026-11-22T07:00:00.123456789Z';
const atMs = Date.UTC(2026, 10, 22, 7, 0, 0, 123);
const uplink = (fields: object): object => ({ end_device_ids: ids, received_at: '2026-11-22T07:00:01Z', uplink_message: { f_cnt: 1, received_at, ...fields } });

test('what the formatter made, at the time of the network server', () => {
  expect(decode(uplink({ frm_payload: 'gkHe', decoded_payload: { temperature: 1.0, on: true, name: 'x', none: null, lanes: [{ count: 3 }] } }))).toEqual([
    {
      device: 'dev1',
      type: null,
      values: [
        { name: 'temperature', value: 1, unit: null, atMs },
        { name: 'on', value: true, unit: null, atMs },
        { name: 'name', value: 'x', unit: null, atMs },
        { name: 'none', value: null, unit: null, atMs },
        { name: 'lanes.0.count', value: 3, unit: null, atMs },
      ],
    },
  ]);
});

test('the application server received it, where the network server does not say', () => {
  expect(decode({ ...uplink({}), uplink_message: { decoded_payload: { x: 1 } } })).toMatchObject([{ values: [{ atMs: Date.UTC(2026, 10, 22, 7, 0, 1) }] }]);
});

test('normalised measurements come first, with their units and times', () => {
  expect(decode(uplink({ decoded_payload: { temp: 21.456 }, normalized_payload: [{ time: '2026-11-22T06:50:00Z', air: { temperature: 21.5, relativeHumidity: 60 } }, { wind: { speed: 2 } }] }))).toEqual([
    {
      device: 'dev1',
      type: null,
      values: [
        { name: 'air.temperature', value: 21.5, unit: 'Cel', atMs: atMs - 600_123 },
        { name: 'air.relativeHumidity', value: 60, unit: '%RH', atMs: atMs - 600_123 },
        { name: 'wind.speed', value: 2, unit: 'm/s', atMs },
        { name: 'temp', value: 21.456, unit: null, atMs },
      ],
    },
  ]);
  expect(decode({ end_device_ids: ids, uplink_normalized: { received_at, normalized_payload: { air: { temperature: 1 } } } })).toMatchObject([{ device: 'dev1', values: [{ name: 'air.temperature' }] }]);
});

describe('refused', () => {
  const refusal = (message: unknown): string => {
    try {
      return JSON.stringify(decode(message));
    } catch (failure) {
      if (failure instanceof Rejected) return failure.message;
      throw failure;
    }
  };
  test.each([
    ['bytes without a formatter', uplink({ frm_payload: 'gkHe' }), 'uplink_message.decoded_payload: expected what a payload formatter makes of the bytes, found frm_payload alone'],
    ['an empty uplink', uplink({}), 'uplink_message.decoded_payload: expected what a payload formatter makes of the bytes, found nothing'],
    ['a formatter that made nothing', uplink({ frm_payload: 'gkHe', decoded_payload: {} }), 'uplink_message.decoded_payload: expected what a payload formatter makes of the bytes, found frm_payload alone'],
    ['a payload that is a number', uplink({ decoded_payload: 7 }), 'uplink_message.decoded_payload: expected an object'],
    ['a join', { end_device_ids: ids, correlation_ids: [], received_at, join_accept: { session_key_id: 'x' } }, 'uplink_message: expected an uplink, found join_accept'],
    ['a failure', { end_device_ids: ids, downlink_failed: {} }, 'uplink_message: expected an uplink, found downlink_failed'],
    ['a position', { end_device_ids: ids, location_solved: {} }, 'uplink_message: expected an uplink, found location_solved'],
    ['nothing of it', {}, 'uplink_message: expected an uplink, found nothing'],
    ['our own JSON', { observedAt: 'x', periodS: 60 }, 'uplink_message: expected an uplink, found observedAt, periodS'],
    ['what is simulated', { ...uplink({ decoded_payload: { x: 1 } }), simulated: true }, 'simulated: expected an uplink of the device itself: what is simulated is no measurement'],
    ['no device', { received_at, uplink_message: { decoded_payload: { x: 1 } } }, 'end_device_ids.device_id: expected the id of the device, a text'],
    ['no time', { end_device_ids: ids, uplink_message: { decoded_payload: { x: 1 } } }, 'uplink_message.received_at: expected a time such as 2026-11-22T07:00:00Z'],
    ['a time that is none', uplink({ received_at: 'now', decoded_payload: { x: 1 } }), 'uplink_message.received_at: expected a time such as 2026-11-22T07:00:00Z'],
    ['a normalised time that is none', uplink({ normalized_payload: [{ time: 7, air: {} }] }), 'uplink_message.normalized_payload[0].time: expected a time such as 2026-11-22T07:00:00Z'],
    ['a number', 7, 'message: expected a message of The Things Stack, an object'],
  ])('%s', (_, message, expected) => {
    expect(refusal(message)).toBe(`invalid: ${expected}`);
  });

  test('in a list only the one that is wrong', () => {
    expect(decode([uplink({ decoded_payload: { x: 1 } }), uplink({})])).toEqual([expect.objectContaining({ device: 'dev1' }), expect.stringContaining('invalid: [1].uplink_message.decoded_payload: expected')]);
  });

  test('more values than a message may have', () => {
    expect(refusal(uplink({ decoded_payload: { x: Array(20_001).fill(1) } }))).toBe('too-large: expected at most 20000 values');
  });
});
