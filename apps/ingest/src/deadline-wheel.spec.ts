import { type Deadlined, DeadlineWheel } from './deadline-wheel.js';

class Entry implements Deadlined {
  expiredAtS: number | null = null;
  constructor(
    private readonly wheel: DeadlineWheel<Entry>,
    public deadlineS: number,
  ) {}
  expire(): void {
    this.expiredAtS = this.wheel.nowS;
  }
}

describe('the wheel of deadlines', () => {
  it.each([1, 2, 7, 8, 9, 15, 16, 17, 100])('lets a deadline in %i s expire then, and never again', (seconds) => {
    const wheel = new DeadlineWheel<Entry>(8);
    for (let i = 0; i < 5; i++) wheel.tick();
    const entry = new Entry(wheel, wheel.nowS + seconds);
    wheel.put(entry);
    for (let i = 0; i < 200; i++) wheel.tick();
    expect(entry.expiredAtS).toBe(5 + seconds);
  });

  it('follows a deadline that moves away without being told', () => {
    const wheel = new DeadlineWheel<Entry>(8);
    const entry = new Entry(wheel, 3);
    wheel.put(entry);
    for (let i = 0; i < 20; i++) {
      wheel.tick();
      if (wheel.nowS < 15) entry.deadlineS = wheel.nowS + 3;
    }
    expect(entry.expiredAtS).toBe(17);
  });

  it('follows one that comes nearer when it is put again, and forgets one that is removed', () => {
    const wheel = new DeadlineWheel<Entry>(8);
    const [near, gone] = [new Entry(wheel, 6), new Entry(wheel, 6)];
    wheel.put(near);
    wheel.put(gone);
    near.deadlineS = 2;
    wheel.put(near);
    wheel.remove(gone);
    for (let i = 0; i < 20; i++) wheel.tick();
    expect([near.expiredAtS, gone.expiredAtS]).toEqual([2, null]);
  });

  it('never expires a deadline that is not there', () => {
    const wheel = new DeadlineWheel<Entry>(8);
    const entry = new Entry(wheel, Infinity);
    wheel.put(entry);
    for (let i = 0; i < 100; i++) wheel.tick();
    expect(entry.expiredAtS).toBeNull();
  });
});
