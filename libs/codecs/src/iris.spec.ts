import { Rejected } from '#contracts';
import { decodeIris } from './iris.js';

const decode = (message: unknown): readonly unknown[] => {
  const bytes = Buffer.from(JSON.stringify(message));
  return decodeIris(bytes, 0, bytes.length);
};
const texts = (elements: readonly unknown[]): unknown[] => elements.map((element) => (element instanceof Rejected ? element.message : element));
const bins = { detector: 'D1', start: '2026-11-22T07:00:00Z', periodS: 30 };

test('each period becomes a reading; 1800 scans are a detector that was covered all the time; −1 is missing', () => {
  expect(decode({ ...bins, volume: [12, -1, 0, -1], scans: [450, 1800, 0, -1], speed: [25, -1, -1, -1] })).toEqual([
    { device: 'D1', channel: '', observedAt: '2026-11-22T07:00:00.000Z', periodS: 30, count: 12, occupancy: 0.25, occupancyRaw: 450, speedKmh: 40.2336 },
    { device: 'D1', channel: '', observedAt: '2026-11-22T07:00:30.000Z', periodS: 30, count: null, occupancy: 1, occupancyRaw: 1800, speedKmh: null },
    { device: 'D1', channel: '', observedAt: '2026-11-22T07:01:00.000Z', periodS: 30, count: 0, occupancy: 0, occupancyRaw: 0, speedKmh: null },
  ]);
});

test('shorter periods have fewer scans', () => {
  expect(decode({ ...bins, periodS: 5, scans: [150, 300] })).toEqual([
    expect.objectContaining({ observedAt: '2026-11-22T07:00:00.000Z', occupancy: 0.5, occupancyRaw: 150, periodS: 5 }),
    expect.objectContaining({ observedAt: '2026-11-22T07:00:05.000Z', occupancy: 1 }),
  ]);
});

test('with a station named, detectors are its channels; a wrong one costs only its own periods', () => {
  const elements = decode([
    { ...bins, station: 'S1', volume: [1] },
    { ...bins, station: 'S1', detector: 'D2', volume: [1], speed: [30, 40] },
    { ...bins, station: 'S1', detector: 'D3', volume: ['x'] },
    { ...bins, station: 'S1', detector: 'D4', volume: [1], start: 'yesterday' },
    { ...bins, station: 'S1', detector: 'D5', volume: [1], periodS: 300 },
    { ...bins, station: 'S1', detector: 'D6', volume: [2], plate: '30A-12345' },
    7,
  ]);
  expect(texts(elements)).toEqual([
    expect.objectContaining({ device: 'S1', channel: 'D1', count: 1 }),
    'invalid: [1]: expected volume, scans and speed (at least one of them) of equal length',
    'invalid: [2].volume[0]: expected a number, found a string',
    'invalid: [3].start: expected a time such as 2026-11-22T07:00:00Z',
    'invalid: [4].periodS: expected 5 to 30 seconds',
    'invalid: [5]: expected no field plate',
    'invalid: [6]: expected an object, found a number',
  ]);
});

test('what holds no period is refused as a whole', () => {
  expect(() => decode({ ...bins, volume: [-1] })).toThrow('undecodable: expected at least one observed period');
  expect(() => decode([])).toThrow('undecodable');
  expect(texts(decode({ ...bins }))).toEqual(['invalid: message: expected volume, scans and speed (at least one of them) of equal length']);
  expect(texts(decode({ ...bins, volume: Array(5_001).fill(1) }))).toEqual(['invalid: volume: expected at most 5000 periods']);
});
