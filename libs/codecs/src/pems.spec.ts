import { Rejected } from '#contracts';
import { decodePems } from './pems.js';

const decode = (text: string): readonly unknown[] => decodePems(Buffer.from(text), 0, Buffer.byteLength(text));
const texts = (elements: readonly unknown[]): unknown[] => elements.map((element) => (element instanceof Rejected ? element.message : element));

test('a line becomes a reading for each lane, in km/h and shares, and the raw occupancy stays', () => {
  expect(decode('11/22/2026 07:00:30,715898,12,105,62.5,9,87,\n')).toEqual([
    { device: '715898', channel: 'lane-1', observedAt: '2026-11-22T07:00:30.000Z', periodS: 30, count: 12, occupancy: 0.105, occupancyRaw: 105, speedKmh: 100.584 },
    { device: '715898', channel: 'lane-2', observedAt: '2026-11-22T07:00:30.000Z', periodS: 30, count: 9, occupancy: 0.087, occupancyRaw: 87, speedKmh: null },
  ]);
});

test('missing is null; a lane of which all is missing is not sent; 0 is a real zero', () => {
  expect(decode('11/22/2026 07:00:30,715898,,,,0,0,,,,')).toEqual([
    { device: '715898', channel: 'lane-2', observedAt: '2026-11-22T07:00:30.000Z', periodS: 30, count: 0, occupancy: 0, occupancyRaw: 0, speedKmh: null },
  ]);
});

test('a wrong field costs its lane only, a wrong line its lanes', () => {
  const elements = decode(['11/22/2026 07:00:00,s,1,2,3,x,2,3,4,5,6', '2026-11-22 07:00:00,s,1,2,3', '11/22/2026 07:00:30,s,1,2', '11/22/2026 07:01:00,s,-1,2,3', '11/22/2026 07:01:30,s,1,2,3\r', ''].join('\n'));
  expect(texts(elements)).toEqual([
    expect.objectContaining({ channel: 'lane-1', observedAt: '2026-11-22T07:00:00.000Z' }),
    'invalid: line 1, field 6: expected a number or nothing, found "x"',
    expect.objectContaining({ channel: 'lane-3' }),
    'invalid: line 2, field 1: expected a time such as 11/22/2026 07:00:00, found "2026-11-22 07:00:00"',
    'invalid: line 3, fields 3 and on: expected flow, occupancy and speed for 1 to 8 lanes, found "2 fields"',
    'invalid: line 4, field 3: expected a number or nothing, found "-1"',
    expect.objectContaining({ channel: 'lane-1', observedAt: '2026-11-22T07:01:30.000Z' }),
  ]);
});

test.each([
  ['nothing at all', '', 'undecodable: byte 0: expected a message, found no bytes'],
  ['a station of which nothing was observed', '11/22/2026 07:00:00,s,,,\n', 'undecodable: line 1: expected at least one observed lane'],
  ['more lanes than a message may have', '11/22/2026 07:00:00,s,1,2,3\n'.repeat(5_001), 'too-large: expected at most 5000 lanes'],
])('%s is refused', (_, text, expected) => {
  expect(() => decode(text)).toThrow(expected);
});
