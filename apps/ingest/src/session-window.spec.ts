/** Answers come in order of receipt, each once, and the counts of what is on its way return to zero. */
import { SessionWindow, tokenOf } from './session-window.js';

const puback = (id: number): string => `4002${id.toString(16).padStart(4, '0')}`;
const pubrec = (id: number): string => `5002${id.toString(16).padStart(4, '0')}`;

function taken(messages: readonly (readonly [qos: number, id: number])[]): { window: SessionWindow; tokens: number[] } {
  const window = new SessionWindow();
  const tokens = messages.map(([qos, id]) => tokenOf(qos, id, 200));
  for (const token of tokens) window.take(token);
  return { window, tokens };
}

describe('the window of a session', () => {
  it('acknowledges QoS 1 by PUBACK and QoS 2 by PUBREC, QoS 0 not at all, in order', () => {
    const { window, tokens } = taken([[1, 1], [0, 0], [2, 0xffff], [1, 0x100]]);
    expect(window.settle(tokens).toString('hex')).toBe(puback(1) + pubrec(0xffff) + puback(0x100));
  });

  it('keeps an answer that needs no Kafka behind the acknowledgements of what came before', () => {
    const { window, tokens } = taken([[1, 1], [1, 2]]);
    window.refuse();
    expect(window.answer(Buffer.from('aa', 'hex'), true)).toBeNull();
    window.take(tokenOf(1, 3, 200));
    expect(window.settle([tokens[0]!]).toString('hex')).toBe(puback(1));
    expect(window.settle([tokens[1]!, tokenOf(1, 3, 200)]).toString('hex')).toBe(`${puback(2)}aa${puback(3)}`);
    expect(window.inFlight).toBe(0);
  });

  it('writes such an answer at once when nothing waits', () => {
    const { window, tokens } = taken([[1, 1]]);
    window.settle(tokens);
    window.refuse();
    expect(window.answer(Buffer.from('aa', 'hex'), true)?.toString('hex')).toBe('aa');
    expect(window.inFlight).toBe(0);
  });

  it('counts messages, bytes and packets on their way, and forgets them when they are durable', () => {
    const { window, tokens } = taken([[0, 0], [1, 5], [2, 6]]);
    expect([window.messages, window.bytes, window.inFlight]).toEqual([3, 3 * 256, 2]);
    window.settle(tokens);
    expect([window.messages, window.bytes, window.inFlight]).toEqual([0, 0, 1]); // The QoS 2 awaits its PUBREL.
    expect(window.release(6)).toBe('done');
    expect(window.inFlight).toBe(0);
  });

  it('knows a QoS 2 message again until it is released, and a release that comes too early or for nothing', () => {
    const { window, tokens } = taken([[2, 9]]);
    expect(window.isRepeat(9)).toBe(true);
    expect(window.release(9)).toBe('early');
    window.settle(tokens);
    expect(window.isRepeat(9)).toBe(true);
    expect(window.release(9)).toBe('done');
    expect(window.release(9)).toBe('unknown');
    expect(window.isRepeat(9)).toBe(false);
  });

  it('keeps every token a small whole number, the largest message too', () => {
    const token = tokenOf(2, 0xffff, 10_000_000);
    expect(token).toBeLessThan(2 ** 31);
    expect(token & 0xffff).toBe(0xffff);
    expect((token >>> 16) & 3).toBe(2);
  });

  it('gives each id of a long mixed run exactly one answer, whatever the batches', () => {
    const window = new SessionWindow();
    const written: string[] = [];
    const waiting: number[] = [];
    let state = 12345;
    const random = (limit: number): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % limit;
    for (let id = 1; id <= 20_000; id++) {
      if (random(10) === 0) {
        window.refuse();
        const now = window.answer(Buffer.from([0x40, 2, id >> 8, id & 255]), true);
        if (now !== null) written.push(now.toString('hex'));
      } else {
        const token = tokenOf(1, id, 100);
        window.take(token);
        waiting.push(token);
      }
      if (random(7) === 0) written.push(window.settle(waiting.splice(0, 1 + random(20))).toString('hex'));
    }
    written.push(window.settle(waiting.splice(0)).toString('hex'));
    expect(written.join('')).toBe(Array.from({ length: 20_000 }, (_, i) => puback(i + 1)).join(''));
    expect(window.inFlight).toBe(0);
  });
});
