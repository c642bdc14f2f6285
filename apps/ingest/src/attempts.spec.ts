import { Attempts } from './attempts.js';

const limits = { perAddress: 20, perName: 3, addressForgivenS: 1, nameForgivenS: 10, remembered: 50 };

describe('wrong attempts', () => {
  it('lock out one name at one address after its number, and let it try again later', () => {
    const attempts = new Attempts(limits);
    for (let i = 0; i < 3; i++) {
      expect(attempts.allowed('10.0.0.1', 'loop-1', 0)).toBe(true);
      attempts.wrong('10.0.0.1', 'loop-1', 0);
    }
    expect(attempts.allowed('10.0.0.1', 'loop-1', 0)).toBe(false);
    expect(attempts.allowed('10.0.0.1', 'loop-1', 9_000)).toBe(false);
    expect(attempts.allowed('10.0.0.1', 'loop-1', 10_000)).toBe(true);
  });

  it('do not lock out the neighbours behind the same address, nor the name at another', () => {
    const attempts = new Attempts(limits);
    for (let i = 0; i < 3; i++) attempts.wrong('10.0.0.1', 'loop-1', 0);
    expect(attempts.allowed('10.0.0.1', 'loop-2', 0)).toBe(true);
    expect(attempts.allowed('10.0.0.2', 'loop-1', 0)).toBe(true);
  });

  it('lock out an address that tries many names', () => {
    const attempts = new Attempts(limits);
    for (let i = 0; i < 20; i++) attempts.wrong('10.0.0.1', `loop-${i}`, 0);
    expect(attempts.allowed('10.0.0.1', 'loop-99', 0)).toBe(false);
    expect(attempts.allowed('10.0.0.1', 'loop-99', 1_000)).toBe(true);
  });

  it('are remembered for a bounded number of addresses', () => {
    const attempts = new Attempts(limits);
    for (let i = 0; i < 1_000; i++) attempts.wrong(`10.0.${i >> 8}.${i & 255}`, 'x'.repeat(10_000), 0);
    expect(attempts.size).toBe(50);
  });
});
