import { StreamRing, type Frame } from './stream-ring.js';

const frame = (offset: number, path: string[] = ['city'], text = `${offset};`): Frame => ({ offset, bytes: Buffer.from(text), path });
const filled = (count: number, bounds = { framesMax: 10, bytesMax: 1_000_000 }): StreamRing => {
  const ring = new StreamRing(bounds);
  ring.restart(100);
  for (let n = 0; n < count; n++) ring.push(frame(100 + n));
  return ring;
};
const text = (ring: StreamRing, from: number, areas: string[] = []): [string, number] => {
  const { bytes, next } = ring.portion(from, areas);
  return [bytes?.toString() ?? '', next];
};

test('nothing yet', () => {
  const ring = filled(0);
  expect([ring.first, ring.next, ...text(ring, 100)]).toEqual([100, 100, '', 100]);
});

test('from any place that is kept', () => {
  const ring = filled(4);
  expect([text(ring, 100), text(ring, 102), text(ring, 104)]).toEqual([['100;101;102;103;', 104], ['102;103;', 104], ['', 104]]);
});

test('the oldest leave when there are too many', () => {
  const ring = filled(37);
  expect([ring.first, ring.next, ...text(ring, 127)]).toEqual([127, 137, '127;128;129;130;131;132;133;134;135;136;', 137]);
});

test('the oldest leave when they weigh too much, but never the newest', () => {
  const ring = new StreamRing({ framesMax: 100, bytesMax: 500 });
  for (let offset = 0; offset < 5; offset++) ring.push(frame(offset, ['city'], 'x'.repeat(offset === 4 ? 10_000 : 50)));
  expect([ring.first, ring.next]).toEqual([4, 5]);
});

test('what leaves and comes keeps its place, however often', () => {
  const ring = filled(0, { framesMax: 3, bytesMax: 1_000_000 });
  for (let offset = 100; offset < 150; offset++) {
    ring.push(frame(offset));
    const first = Math.max(100, offset - 2);
    expect([ring.first, text(ring, first)[0]]).toEqual([first, Array.from({ length: offset - first + 1 }, (_, n) => `${first + n};`).join('')]);
  }
});

test('clients at the same place share the bytes', () => {
  const ring = filled(5);
  expect(ring.portion(101, []).bytes).toBe(ring.portion(101, []).bytes);
  const before = ring.portion(101, []);
  ring.push(frame(105));
  expect(ring.portion(101, [])).not.toBe(before);
  expect(text(ring, 101)[1]).toBe(106);
});

test('areas: what lies in one of them, and the place goes on past the rest', () => {
  const ring = filled(0);
  ring.push(frame(100, ['road-1', 'ward-1', 'city']));
  ring.push(frame(101, ['road-2', 'ward-2', 'city']));
  ring.push({ offset: 102, bytes: null, path: [] });
  expect([text(ring, 100, ['ward-1']), text(ring, 100, ['ward-2', 'ward-1']), text(ring, 100, ['city']), text(ring, 100, ['road-2']), text(ring, 100, ['elsewhere']), text(ring, 100)]).toEqual([
    ['100;', 103], ['100;101;', 103], ['100;101;', 103], ['101;', 103], ['', 103], ['100;101;', 103],
  ]);
});

test('a hole is refused, and after a restart all is new', () => {
  const ring = filled(3);
  expect(() => ring.push(frame(104))).toThrow('offset 103 is due');
  ring.restart(7);
  ring.push(frame(7));
  expect([ring.first, text(ring, 7)]).toEqual([7, ['7;', 8]]);
});

test('a portion has an end, so that a client far behind is asked in between whether it can take more', () => {
  const ring = filled(500, { framesMax: 1_000, bytesMax: 1_000_000 });
  expect(text(ring, 100)[1]).toBe(300);
});
