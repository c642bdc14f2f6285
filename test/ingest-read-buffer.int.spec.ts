/** Both ways of reading a socket deliver the same bytes and can be paused; on the versions of Node we support, the shared one is in use. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { readFrom } from '../apps/ingest/src/read-buffer.js';

let server: Server;
let accepted: (socket: Socket) => void;

beforeAll(async () => {
  server = createServer((socket) => accepted(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

async function pair(): Promise<{ near: Socket; far: Socket }> {
  const far = new Promise<Socket>((resolve) => (accepted = resolve));
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  return { near, far: await far };
}

describe.each([['the shared buffer', true], ['data events', false]])('reading by %s', (_, plain) => {
  it('delivers every byte in order, of several connections at once, paused and resumed', async () => {
    const size = 3_000_000;
    const pairs = [await pair(), await pair(), await pair()];
    const read = await Promise.all(
      pairs.map(async ({ near, far }, fill) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        const done = new Promise<void>((resolve) => {
          const used = readFrom(far, (chunk, length) => {
            parts.push(Buffer.from(chunk.subarray(0, length)));
            bytes += length;
            if (bytes === size) resolve();
            if (parts.length % 3 !== 0) return true;
            setTimeout(() => far.resume(), 1);
            return false;
          }, plain);
          expect(used).toBe(plain);
        });
        const sent = Buffer.alloc(size, Buffer.from(Array.from({ length: 251 }, (_value, n) => (n * (fill + 1)) & 255)));
        near.write(sent);
        await done;
        near.destroy();
        return Buffer.concat(parts).equals(sent);
      }),
    );
    expect(read).toEqual([true, true, true]);
  });

  it('sees the end of the other side, also after a pause', async () => {
    const { near, far } = await pair();
    const closed = new Promise((resolve) => far.on('close', resolve));
    readFrom(far, () => {
      setTimeout(() => far.resume(), 5);
      return false;
    }, plain);
    near.end(Buffer.from('last words'));
    await closed;
  });
});
