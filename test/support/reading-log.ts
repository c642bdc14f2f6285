/**
 * A partitioned log of readings as a city sends them: mostly newer and newer, some late, sent again, or corrected; and
 * a way to take it as Kafka gives it, in rounds of any size that may begin again before their last end.
 */
import type { RoundPart } from '#timeseries';
import { chanceFrom } from './readings-model.js';
import { arrivalOf, partitions, type TrafficArrival, type TrafficStore } from './traffic-storage.js';

const minute = 60_000;
const startMs = Date.UTC(2026, 10, 22, 12);

export const logAssets = Array.from({ length: partitions }, (_, n) => `road-${n}`);
/** Two on each road. */
export const logDevices = Array.from({ length: 2 * partitions }, (_, n) => ({ id: `loop-${n}`, asset: logAssets[n % partitions]! }));

/** For each partition its arrivals, one for each offset, from the devices of one road. */
export function readingLog(seed: number, offsets: number): TrafficArrival[][] {
  const chance = chanceFrom(seed);
  return Array.from({ length: partitions }, (_, partition) => {
    const newest = new Map<string, number>();
    const sent: TrafficArrival[] = [];
    for (let offset = 0; offset < offsets; offset++) {
      const kind = chance();
      const earlier = sent.length === 0 ? undefined : sent[Math.floor(chance() * Math.min(40, sent.length)) + Math.max(0, sent.length - 40)];
      if (earlier !== undefined && kind < 0.25) {
        const again = kind < 0.12 ? earlier.observation : { ...earlier.observation, count: 1 + Math.floor(chance() * 90), speedKmh: speed(chance, offset) };
        sent.push({ ...earlier, offset, observation: again, receivedAtMs: earlier.receivedAtMs + minute });
        continue;
      }
      const { id, asset } = logDevices[partition + partitions * Math.floor(chance() * 2)]!;
      const channel = chance() < 0.5 ? '' : 'lane-2';
      const lane = `${id}/${channel}`;
      const late = kind < 0.35;
      const step = (newest.get(lane) ?? 0) + (late ? -Math.floor(chance() * 5) : 1 + Math.floor(chance() * 1.2));
      newest.set(lane, Math.max(newest.get(lane) ?? 0, step));
      sent.push(arrivalOf({ partition, offset, device: id, channel, atMs: startMs + step * minute, count: 1 + Math.floor(chance() * 90), speedKmh: speed(chance, offset), subject: asset }));
    }
    return sent;
  });
}

/** Slow and fast times follow each other, so that congestion begins and ends. */
function speed(chance: () => number, offset: number): number {
  return Math.round((Math.floor(offset / 60) % 2 === 0 ? 10 + chance() * 15 : 25 + chance() * 30) * 10) / 10;
}

/** Takes the log from these offsets on to its end; `before` is called before each round. */
export async function takeLog(store: TrafficStore, log: readonly TrafficArrival[][], from: readonly number[], chance: () => number, before: () => void = () => undefined): Promise<void> {
  const next = [...from];
  while (next.some((offset, partition) => offset < log[partition]!.length)) {
    before();
    const arrivals: TrafficArrival[] = [];
    const parts: RoundPart[] = [];
    for (const [partition, ofPartition] of log.entries()) {
      if (chance() < 0.3 || next[partition]! >= ofPartition.length) continue;
      const end = Math.min(ofPartition.length, next[partition]! + 1 + Math.floor(chance() * 40));
      arrivals.push(...ofPartition.slice(next[partition], end));
      parts.push({ partition, fromOffset: next[partition]!, nextOffset: end });
      // Now and then what was taken is taken once more.
      next[partition] = chance() < 0.2 ? Math.max(0, end - Math.floor(chance() * 60)) : end;
    }
    if (parts.length > 0) await store.store(parts, arrivals, []);
  }
}
