import { trafficReading } from '#contracts';
import { detectorOn, readingsOf } from './detectors.js';
import { namedStretches, stretches } from './hanoi.js';
import { accidentOf, accidentStretches, rainAt, trafficAt } from './traffic.js';

const seed = 1;
const minuteMs = 60_000;
/** 2026-11-16 is a Monday, 2026-11-22 a Sunday. Hours of Hanoi. */
const hanoi = (day: number, hour: number) => Date.UTC(2026, 10, day) + (hour - 7) * 60 * minuteMs;
const nguyenTrai = namedStretches.find((one) => one.id === 'hn-nguyen-trai-2a')!;
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const flowsOver = (stretch: typeof nguyenTrai, day: number, from: number, to: number) =>
  Array.from({ length: (to - from) * 12 }, (_, step) => trafficAt(stretch, hanoi(day, from + step / 12), seed));

describe('the town', () => {
  it('has at least 40 named stretches, each with its own name, near Hoan Kiem lake', () => {
    expect(namedStretches.length).toBe(2 * accidentStretches);
    expect(new Set(namedStretches.map((one) => one.id)).size).toBe(namedStretches.length);
    expect(new Set(namedStretches.map((one) => one.nameVi)).size).toBe(namedStretches.length);
    for (const { line, lengthM } of namedStretches) {
      for (const [longitude, latitude] of line) {
        expect(Math.abs(longitude - 105.8524)).toBeLessThan(0.12);
        expect(Math.abs(latitude - 21.0287)).toBeLessThan(0.09);
      }
      expect(lengthM).toBeGreaterThan(100);
      expect(lengthM).toBeLessThan(4500);
    }
  });

  it('keeps the first stretches the same when more are asked for', () => {
    const many = stretches(1000);
    expect(many.length).toBe(1000);
    expect(many.slice(0, namedStretches.length)).toEqual(namedStretches);
    expect(new Set(many.map((one) => one.id)).size).toBe(1000);
  });
});

describe('traffic', () => {
  it('is the same for the same arguments, and another for another seed', () => {
    const at = hanoi(17, 8.1);
    expect(trafficAt(nguyenTrai, at, seed)).toEqual(trafficAt(nguyenTrai, at, seed));
    expect(trafficAt(nguyenTrai, at, seed).flowVehH).not.toBe(trafficAt(nguyenTrai, at, 2).flowVehH);
  });

  it('is mostly motorcycles (70 to 85 %), except where they may not ride', () => {
    for (const stretch of namedStretches) {
      for (let hour = 0; hour < 24; hour += 3) {
        const { shares } = trafficAt(stretch, hanoi(18, hour), seed);
        expect(Object.values(shares).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
        if (stretch.roadClass === 'motorway') expect(shares.motorcycle).toBe(0);
        else expect(shares.motorcycle >= 0.7 && shares.motorcycle <= 0.85).toBe(true);
      }
    }
  });

  it('has two rush hours on a working day, and a night with hardly anybody', () => {
    const demand = (from: number, to: number) => mean(namedStretches.flatMap((one) => flowsOver(one, 18, from, to).map((flow) => flow.flowVehH / one.lanes)));
    const [night, morning, noon, evening] = [demand(1, 4), demand(7, 9), demand(12, 13), demand(16.5, 19)];
    expect(night).toBeLessThan(0.15 * morning);
    expect(noon).toBeLessThan(0.7 * morning);
    expect(noon).toBeLessThan(0.7 * evening);
  });

  it('is heavier into the centre in the morning, and out of it in the evening', () => {
    const flow = (inbound: boolean, hour: number) => mean(namedStretches.filter((one) => one.inbound === inbound).map((one) => trafficAt(one, hanoi(18, hour), seed).flowPcuH));
    expect(flow(true, 7.3)).toBeGreaterThan(flow(false, 7.3));
    expect(flow(false, 16.8)).toBeGreaterThan(flow(true, 16.8));
  });

  it('has a quieter morning at the weekend', () => {
    expect(mean(flowsOver(nguyenTrai, 22, 7, 9).map((flow) => flow.flowVehH))).toBeLessThan(0.85 * mean(flowsOver(nguyenTrai, 18, 7, 9).map((flow) => flow.flowVehH)));
  });

  it('slows down as flow grows: near free flow at night, below 40 % of it on some stretches in the rush hour', () => {
    const shareAt = (hour: number) => namedStretches.map((one) => trafficAt(one, hanoi(18, hour), seed).speedKmh / one.freeFlowKmh);
    expect(Math.min(...shareAt(3))).toBeGreaterThan(0.75);
    const rush = shareAt(8.2).filter((share) => share < 0.4).length;
    expect(rush).toBeGreaterThan(5);
    expect(rush).toBeLessThan(60);
  });

  it('keeps the queue of the rush hour beyond it, and then clears it', () => {
    const day = flowsOver(nguyenTrai, 18, 5, 13);
    const queued = day.flatMap((flow, step) => (flow.queueMinutes > 0 ? [5 + step / 12] : []));
    expect(queued.length).toBeGreaterThan(6);
    expect(Math.max(...queued)).toBeLessThan(12);
    expect(day.at(-1)!.speedKmh).toBeGreaterThan(0.7 * nguyenTrai.freeFlowKmh);
  });

  it('stands still behind the accident of an evening, also some time after it was cleared', () => {
    const localDay = Math.floor((hanoi(18, 12) + 7 * 3_600_000) / 86_400_000);
    const accident = accidentOf(localDay, seed);
    const where = namedStretches.find((one) => one.number === accident.number)!;
    const share = (atMs: number) => trafficAt(where, atMs, seed).speedKmh / where.freeFlowKmh;
    expect(trafficAt(where, accident.startMs + minuteMs, seed).accident).toBe(true);
    expect(share(accident.endMs - minuteMs)).toBeLessThan(0.2);
    expect(share(accident.endMs + 10 * minuteMs)).toBeLessThan(0.4);
    expect(share(accident.endMs + 240 * minuteMs)).toBeGreaterThan(0.7);
  });

  it('has rain on some days and none on most', () => {
    const wet = Array.from({ length: 100 }, (_, day) => Math.max(...Array.from({ length: 288 }, (__, slot) => rainAt(day * 288 + slot, seed)))).filter((rain) => rain > 0.2).length;
    expect(wet).toBeGreaterThan(15);
    expect(wet).toBeLessThan(45);
  });
});

describe('detectors', () => {
  it.each(namedStretches.map((one, index) => [detectorOn(one, index).id, detectorOn(one, index)] as const))('%s sends what the contract allows, at any hour', (_, detector) => {
    for (let hour = 0; hour < 24; hour += 8) {
      for (const backlog of [false, true]) {
        const startMs = Math.floor(hanoi(20, hour) / minuteMs) * minuteMs;
        for (const reading of readingsOf(detector, startMs, 60, seed, backlog)) {
          expect(trafficReading.safeParse(JSON.parse(JSON.stringify(reading))).error).toBeUndefined();
          expect(Date.parse(reading.observedAt!)).toBe(startMs);
        }
      }
    }
  });

  it('are of three kinds among the first 60', () => {
    const kinds = namedStretches.slice(0, 60).map((one, index) => detectorOn(one, index).kind);
    expect(new Set(kinds)).toEqual(new Set(['camera', 'loop', 'radar']));
  });

  it('count classes that add up to the count', () => {
    const [reading] = readingsOf(detectorOn(nguyenTrai, 0), hanoi(18, 8), 60, seed, false);
    expect(Object.values(reading!.countByClass!).reduce((sum: number, count) => sum + count!, 0)).toBe(reading!.count);
    expect(reading!.countByClass!.motorcycle! / reading!.count!).toBeGreaterThan(0.6);
  });
});
