/**
 * One read buffer for all plain connections.
 *
 * Node gives each connection a fresh buffer per read, and a stream of them; since this door uses up every chunk before it
 * returns, one buffer does for all, which spares an allocation and the stream per packet (about 1 µs of 5). Node has this
 * as the option `onread`, but for outgoing sockets alone, so it is set here through the symbols behind that option; when
 * they are not as expected, ordinary `data` events do the same work.
 */
import type { Socket } from 'node:net';

/** Takes the first `bytes` of `chunk` before it returns; false: pause until `socket.resume()`. */
export type TakeChunk = (chunk: Buffer, bytes: number) => boolean;

const sharedBytes = 64 * 1024;
const shared = Buffer.allocUnsafeSlow(sharedBytes);

interface Handle {
  useUserBuffer?: (buffer: Buffer) => void;
}
type Internals = Socket & { _handle?: Handle | null } & Record<symbol, unknown>;

let symbols: { buffer: symbol; callback: symbol } | null | undefined;

/** Starts reading; returns whether the shared buffer is used. */
export function readFrom(socket: Socket, take: TakeChunk, plain: boolean): boolean {
  if (plain && useShared(socket as Internals, take)) {
    socket.resume();
    return true;
  }
  socket.on('data', (chunk: Buffer) => {
    if (!take(chunk, chunk.length)) socket.pause();
  });
  return false;
}

function useShared(socket: Internals, take: TakeChunk): boolean {
  if (symbols === undefined) symbols = findSymbols(socket);
  const handle = socket._handle;
  if (symbols === null || typeof handle?.useUserBuffer !== 'function') return false;
  socket[symbols.buffer] = shared;
  socket[symbols.callback] = (bytes: number, chunk: Buffer) => take(chunk, bytes);
  handle.useUserBuffer(shared);
  return true;
}

/** The two symbols by name, if both are there and still unset, as on every socket made without `onread`. */
function findSymbols(socket: Internals): { buffer: symbol; callback: symbol } | null {
  const named = (name: string): symbol | undefined => Object.getOwnPropertySymbols(socket).find(({ description }) => description === name);
  const buffer = named('kBuffer');
  const callback = named('kBufferCb');
  if (buffer === undefined || callback === undefined || socket[buffer] !== null || socket[callback] !== null) return null;
  return { buffer, callback };
}
