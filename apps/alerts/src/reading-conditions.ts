/** From the records of a round to conditions; what is none becomes a dead letter with its reason. Pure. */
import { complaintOf, complaintText, type Condition, condition, conditionDomain, domainNames, Rejected } from '#contracts';
import type { RoundPartition } from '#messaging';
import type { DeadLetter, Entry } from '#timeseries';

export interface ConditionEntry extends Entry {
  readonly condition: Condition;
}

export interface ReadConditions {
  readonly entries: ConditionEntry[];
  readonly dead: DeadLetter[];
}

/** The condition in these bytes. Throws `Rejected`. */
export function conditionFrom(payload: Buffer): Condition {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (error) {
    throw new Rejected('undecodable', `record: expected JSON in UTF-8: ${error instanceof Error ? error.message.slice(0, 200) : ''}`);
  }
  const parsed = condition.safeParse(value);
  if (!parsed.success) throw new Rejected('invalid', complaintText(complaintOf(parsed.error)));
  if (conditionDomain(parsed.data) === null) throw new Rejected('wrong-domain', `conditionId: expected a domain of ${domainNames.join(', ')}, found ${JSON.stringify(parsed.data.conditionId)}`);
  return inUtc(parsed.data);
}

/** To the millisecond, as a cursor through a list can hold it. */
export function inUtc(of: Condition): Condition {
  return { ...of, observedAt: new Date(of.observedAt).toISOString() };
}

export function readConditions(partitions: readonly Pick<RoundPartition, 'partition' | 'records'>[]): ReadConditions {
  const read: ReadConditions = { entries: [], dead: [] };
  for (const { partition, records } of partitions) {
    for (const { offset, key, value, timestampMs } of records) {
      if (value === null) continue; // A tombstone of another system says nothing.
      const origin = { partition, offset, position: 0, element: -1, device: key === null ? '' : key.toString('utf8').slice(0, 256), publisher: '', codec: '', receivedAtMs: Math.min(Math.max(0, timestampMs), latestMs) };
      take({ ...origin, payload: value }, read);
    }
  }
  return read;
}

/** What a dead letter becomes when it is read again. */
export function readAgain({ payload, partition, offset, position, element, device, publisher, codec, receivedAtMs }: DeadLetter): ReadConditions {
  const read: ReadConditions = { entries: [], dead: [] };
  take({ payload, partition, offset, position, element, device, publisher, codec, receivedAtMs }, read);
  return read;
}

/** Kafka's time of a record may be anything; a database's may not. */
const latestMs = Date.UTC(2200, 0, 1);

function take(entry: Entry, { entries, dead }: ReadConditions): void {
  try {
    entries.push({ ...entry, condition: conditionFrom(entry.payload) });
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    dead.push({ ...entry, reason: error.reason, details: error.details });
  }
}
