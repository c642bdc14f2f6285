/**
 * A bridge: devices that publish to a broker of others, taken from there as if they had come through our own door.
 *
 * Every message that the broker gives us is acknowledged to it only when it is durable in Kafka, and ends there in one of
 * three ways: for its domain; for its domain as `unproven`, which makes a dead letter of it while its device is not
 * registered behind the bridge's gateway; or, where no domain can be meant, in the topic of refused messages. Copies that
 * the broker had retained are left out: they have come before, and one without a time would pass for new.
 */
import { codecOfContentType, type Domain, payloadBytesMax, refusedTopic, unproven } from '#contracts';
import { BrokerReader, type BrokerMessage, type Log, type PackedProducer, type Route, type Waiter } from '#messaging';
import type { Health, Registry } from '#service';
import type { BridgePlan, ReadBridge } from './bridge-file.js';
import { readTopic } from './bridge-topics.js';
import { isRefusal, refusals, rightFor } from './rights.js';
import type { Routes } from './routes.js';
import type { Tally } from './tally.js';

export interface BridgeOptions {
  readonly producer: PackedProducer;
  readonly registry: Registry;
  readonly routes: Routes;
  readonly tally: Tally;
  readonly health: Health;
  readonly log: Log;
  /** First part of Kafka topics. */
  readonly topicRoot: string;
  /** Distinguishes processes that read by the same file; empty: there is one. */
  readonly member: string;
}

/** What became of messages, and why; the reason is empty where there is nothing to explain. */
export type BridgeResult = 'given' | 'unproven' | 'refused' | 'retained';

/** Where the messages of one topic go. */
interface Place {
  readonly route: Route;
  readonly result: BridgeResult;
  readonly reason: string;
}

const placesMax = 10_000;
/** Of a message that is larger than a frame can hold, so much is kept. */
const keptBytesMax = 64 * 1024;

export class Bridge {
  readonly reader: BrokerReader;
  /** By result and reason. */
  readonly counts = new Map<string, { readonly result: BridgeResult; readonly reason: string; messages: number }>();
  redelivered = 0;
  private readonly places = new Map<string, Place>();
  private generation = -1;

  constructor(
    readonly plan: BridgePlan,
    { ca, password }: Pick<ReadBridge, 'ca' | 'password'>,
    private readonly options: BridgeOptions,
  ) {
    const { health, log, producer, member } = options;
    const name = `bridge ${plan.id}`;
    health.report(name, true, 'not connected yet');
    this.reader = new BrokerReader({
      url: plan.url,
      ca,
      version: plan.protocol === '5' ? 5 : 4,
      clientId: [plan.clientId ?? `nhip-${plan.id}`, ...(member === '' ? [] : [member])].join('-'),
      user: plan.user ?? null,
      password,
      filters: plan.subscriptions.map(({ filter }) => filter),
      inFlightMax: plan.inFlightMax,
      sessionExpiryS: plan.sessionExpiryS,
      keepAliveS: 30,
      log,
      take: (message, waiter, token) => this.take(message, waiter, token),
      room: () => !producer.full,
      // Ready all the same: our own doors do not close because a broker of others is away.
      onState: (trouble) => health.report(name, true, trouble === '' ? '' : `broker away: ${trouble}`),
    });
  }

  private take(message: BrokerMessage, waiter: Waiter, token: number): 'given' | 'done' {
    if (message.again) this.redelivered++;
    if (message.retained) {
      this.count('retained', '');
      return 'done';
    }
    const { route, result, reason } = this.placeFor(message);
    this.count(result, reason);
    if (result !== 'given') this.options.tally.refused('bridgeMessages', reason, { bridge: this.plan.id, topic: message.topic.slice(0, 200) });
    const end = Math.min(message.payload.length, result === 'refused' ? keptBytesMax : Infinity);
    this.options.producer.add(route, message.payload, 0, end, waiter, token);
    return 'given';
  }

  private placeFor({ topic, contentType, payload }: BrokerMessage): Place {
    if (payload.length > payloadBytesMax) return this.refused(topic, 'payload-too-large');
    const { routes } = this.options;
    if (this.generation !== routes.generation || this.places.size >= placesMax) {
      this.generation = routes.generation;
      this.places.clear();
    }
    const key = contentType === '' ? topic : `${topic}\0${contentType}`;
    let place = this.places.get(key);
    if (place === undefined) this.places.set(key, (place = this.findPlaceAnyway(topic, contentType)));
    return place;
  }

  /** A message that brings a mistake of ours to light must not come again and again: it would end the process each time. */
  private findPlaceAnyway(topic: string, contentType: string): Place {
    try {
      return this.findPlace(topic, contentType);
    } catch (error) {
      this.options.log.error({ error, bridge: this.plan.id, topic: topic.slice(0, 200) }, 'message of a bridge refused for a fault of ours');
      return this.refused(topic, 'our-fault');
    }
  }

  private findPlace(topic: string, contentType: string): Place {
    const { gateway, subscriptions } = this.plan;
    const { registry, routes } = this.options;
    for (const subscription of subscriptions) {
      const read = readTopic(topic, subscription.topic);
      if (read === null) continue;
      const [domain, device, stream] = (['domain', 'device', 'stream'] as const).map((part) => read[part] ?? subscription[part]!);
      const codec = contentType === '' ? (subscription.codec ?? '') : codecNamed(contentType);
      const right = rightFor(domain!, device!, stream!, { id: gateway, kind: 'gateway' }, registry);
      if (!isRefusal(right)) return { route: routes.to(right, codec), result: 'given', reason: '' };
      if (right !== refusals.otherDevice && right !== refusals.wrongDomain) return this.refused(topic, right.refused);
      // The domain looks once more, says why not, and can be asked to look again when the registry has been put right.
      const reason = registry.device(device!) === undefined ? 'unknown-device' : right.refused;
      return { route: routes.to({ domain: domain as Domain, device: device!, stream: stream!, publisher: `${unproven}${gateway}` }, codec), result: 'unproven', reason };
    }
    return this.refused(topic, 'topic-name');
  }

  /** No domain can be meant: the topic stands where frames have the device, the reason where they have the codec. */
  private refused(topic: string, reason: string): Place {
    const { producer, topicRoot } = this.options;
    return { route: producer.route(refusedTopic(topicRoot), 0, encodeURI(topic.toWellFormed()).slice(0, 255), this.plan.gateway, reason), result: 'refused', reason };
  }

  private count(result: BridgeResult, reason: string): void {
    const key = `${result} ${reason}`;
    const counted = this.counts.get(key);
    if (counted === undefined) this.counts.set(key, { result, reason, messages: 1 });
    else counted.messages++;
  }
}

/** A content type that nobody knows goes on as the name of a codec that nobody knows: a dead letter that says so. */
function codecNamed(contentType: string): string {
  return codecOfContentType(contentType) ?? contentType.replace(/[^\x20-\x7e]/g, '?').slice(0, 64);
}
