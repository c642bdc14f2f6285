/** Whether a connection outlives what is sent over it. */
import { connect } from 'node:net';

const pingreq = Buffer.from([0xc0, 0]);
const pingresp = 0xd000;

/** Sends the bytes, a PINGREQ and its own end, all at once: lived when the PINGREQ was still answered. */
export function livedThrough(port: number, localAddress: string, bytes: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
    let answers = Buffer.alloc(0);
    socket.on('data', (data) => (answers = Buffer.concat([answers, data])));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answers.length >= 2 && answers.readUInt16BE(answers.length - 2) === pingresp));
    socket.end(Buffer.concat([bytes, pingreq]));
  });
}
