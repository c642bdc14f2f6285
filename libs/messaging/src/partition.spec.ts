import { murmur2, partitionOf } from './partition.js';

// From the tests of Apache Kafka itself (UtilsTest.testMurmur2).
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('murmur2 of %s is that of other Kafka clients', (key, hash) => {
  expect(murmur2(Buffer.from(key))).toBe(hash);
});

test('a negative hash is made positive as Kafka does it, by its sign bit alone', () => {
  expect(partitionOf('21', 1000)).toBe((-973932308 + 2 ** 31) % 1000);
  expect(partitionOf('abc', 1000)).toBe(479470107 % 1000);
});

test('a key counts as UTF-8', () => {
  expect(partitionOf('Hà Nội', 97)).toBe((murmur2(new Uint8Array([0x48, 0xc3, 0xa0, 0x20, 0x4e, 0xe1, 0xbb, 0x99, 0x69])) & 0x7fffffff) % 97);
});

test('every key has a partition', () => {
  for (let n = 0; n < 1_000; n++) {
    const partition = partitionOf(`asset-${n}`, 4);
    expect(Number.isInteger(partition) && partition >= 0 && partition < 4).toBe(true);
  }
});
