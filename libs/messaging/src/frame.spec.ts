import { frameBytesMax, frameEntriesMax, payloadBytesMax, Rejected } from '#contracts';
import { entryTexts, type Frame, FrameWriter, readFrame } from './frame.js';

interface Entry {
  readonly device: string;
  readonly publisher: string;
  readonly receivedAtMs: number;
  readonly codec: string;
  readonly payload: string;
}

function written(entries: readonly Entry[], writer = new FrameWriter()): Frame[] {
  for (const { device, publisher, receivedAtMs, codec, payload } of entries) {
    const receivedAt = Buffer.alloc(8);
    receivedAt.writeDoubleBE(receivedAtMs);
    const source = Buffer.from(`before${payload}after`, 'latin1');
    writer.add(entryTexts(device, publisher, codec), receivedAt, source, 6, 6 + payload.length);
  }
  return writer.frames();
}

function read(bytes: Buffer): Entry[] {
  const entries: Entry[] = [];
  const count = readFrame(bytes, (device, publisher, receivedAtMs, codec, payload, start, end, position) => {
    expect(position).toBe(entries.length);
    entries.push({ device, publisher, receivedAtMs, codec, payload: payload.toString('latin1', start, end) });
  });
  expect(count).toBe(entries.length);
  return entries;
}

const two: readonly Entry[] = [
  { device: 'loop-0001', publisher: '', receivedAtMs: Date.UTC(2026, 10, 22, 7), codec: '', payload: '{"count":4}' },
  { device: 'loop-0002', publisher: 'gw-1', receivedAtMs: Date.UTC(2026, 10, 22, 7) + 1, codec: 'senml', payload: '' },
];

/** Written by hand from the layout in contracts: other systems may read these topics, so the bytes never change. */
const golden =
  '01' +
  '09' + '6c6f6f702d30303031' + '00' + '427a2020df980000' + '00' + '0000000b' + '7b22636f756e74223a347d' +
  '09' + '6c6f6f702d30303032' + '04' + '67772d31' + '427a2020df981000' + '05' + '73656e6d6c' + '00000000';

test('a frame has the golden bytes', () => {
  const [frame] = written(two);
  expect(frame!.bytes.toString('hex')).toBe(golden);
  expect(frame!.count).toBe(2);
});

test('the golden bytes are read back', () => {
  expect(read(Buffer.from(golden, 'hex'))).toEqual(two);
});

describe('bounds', () => {
  const one = (n: number, payload: string): Entry => ({ device: `d${n}`, publisher: '', receivedAtMs: n, codec: '', payload });

  test('entry 101 begins a new frame', () => {
    const entries = Array.from({ length: frameEntriesMax + 1 }, (_, n) => one(n, 'x'));
    const frames = written(entries);
    expect(frames.map(({ count }) => count)).toEqual([100, 1]);
    expect(frames.flatMap(({ bytes }) => read(bytes))).toEqual(entries);
  });

  test('no frame is larger than 256 KiB, whatever the sizes of its entries', () => {
    const entries = [70_000, 70_000, 70_000, 52_000, 2, 200_000, 262_000, 1].map((size, n) => one(n, 'p'.repeat(size)));
    const frames = written(entries);
    for (const { bytes } of frames) expect(bytes.length).toBeLessThanOrEqual(frameBytesMax);
    expect(frames.flatMap(({ bytes }) => read(bytes))).toEqual(entries);
  });

  test('entries that fill a frame to its last byte stay together, and one byte more parts them', () => {
    const overhead = (device: string): number => 1 + device.length + 1 + 8 + 1 + 4;
    const first = one(0, 'p'.repeat(200_000));
    const rest = frameBytesMax - 1 - overhead('d0') - 200_000 - overhead('d1');
    const frames = (size: number): number[] => written([first, one(1, 'p'.repeat(size))]).map(({ bytes }) => bytes.length);
    expect(frames(rest)).toEqual([frameBytesMax]);
    expect(frames(rest + 1)).toHaveLength(2);
  });

  test('the largest payload fits a frame with the longest names', () => {
    const name = 'n'.repeat(64);
    const [frame] = written([{ device: name, publisher: name, receivedAtMs: 0, codec: name, payload: 'p'.repeat(payloadBytesMax) }]);
    expect(frame!.bytes.length).toBe(frameBytesMax);
  });

  test('a name that its length byte cannot say is refused', () => {
    expect(() => entryTexts('d'.repeat(256), '', '')).toThrow(RangeError);
  });
});

test('a writer that is used again begins anew', () => {
  const writer = new FrameWriter();
  const [first] = written(two, writer).map(({ bytes }) => Buffer.from(bytes));
  writer.reset();
  expect(writer.bytes).toBe(0);
  expect(writer.frames()).toEqual([]);
  const [second] = written(two, writer);
  expect(second!.bytes.equals(first!)).toBe(true);
});

describe('bytes that are no frame end as Rejected', () => {
  const whole = Buffer.from(golden, 'hex');
  const boundaries = new Set([1, 1 + 10 + 1 + 8 + 1 + 4 + 11, whole.length]);

  test('cut off at every byte', () => {
    for (let length = 0; length <= whole.length; length++) {
      const cut = Buffer.from(whole.subarray(0, length));
      if (boundaries.has(length)) expect(() => read(cut)).not.toThrow();
      else expect(() => read(cut)).toThrow(Rejected);
    }
  });

  test('every byte changed to every value: an error or entries, but an answer', () => {
    const wrong: string[] = [];
    for (let at = 0; at < whole.length; at++) {
      for (let value = 0; value < 256; value++) {
        const bytes = Buffer.from(whole);
        bytes[at] = value;
        try {
          readFrame(bytes, (_device, _publisher, receivedAtMs, _codec, _bytes, start, end) => {
            if (!(start <= end && end <= bytes.length) || new Date(receivedAtMs).toISOString().length !== 24) wrong.push(`byte ${at} is ${value}: an entry that is none`);
          });
        } catch (error) {
          if (!(error instanceof Rejected) || error.reason !== 'undecodable') wrong.push(`byte ${at} is ${value}: ${String(error)}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test.each([
    ['no bytes at all', Buffer.alloc(0)],
    ['another version', Buffer.from([2, 0])],
    ['JSON', Buffer.from('{"count":4}')],
    ['a payload of 4 GiB', Buffer.from('01' + '0161' + '00' + '427a2020df980000' + '00' + 'ffffffff' + '7b7d', 'hex')],
    ['a receipt that is no number', Buffer.from('01' + '0161' + '00' + '7ff8000000000000' + '00' + '00000000', 'hex')],
    ['a receipt beyond all calendars', Buffer.from('01' + '0161' + '00' + '7e37e43c8800759c' + '00' + '00000000', 'hex')],
    ['a receipt before 1970', Buffer.from('01' + '0161' + '00' + 'c27a2020df980000' + '00' + '00000000', 'hex')],
  ])('%s', (_, bytes) => {
    expect(() => read(bytes)).toThrow(Rejected);
  });
});
