/**
 * Who may publish and subscribe what: a device below its own name, a gateway below the names of the devices behind it.
 */
import { type Domain, idPattern, isStream, topicRoot } from '#contracts';
import { reason } from './reason-codes.js';

/** Whoever has logged in. */
export interface Client {
  readonly id: string;
  readonly kind: 'device' | 'gateway';
}

/** What of the registry decides about rights. */
export interface Devices {
  device(id: string): { readonly id: string; readonly domain: string; readonly gateway: string | null } | undefined;
}

export interface PublishRight {
  readonly domain: Domain;
  readonly device: string;
  readonly stream: string;
  /** The gateway that publishes for the device; empty: the device itself. */
  readonly publisher: string;
}

/** Why not: the name under which it is counted and logged, and the reason code of MQTT 5. */
export interface Refusal {
  readonly refused: string;
  readonly code: number;
}

const refusal = (refused: string, code: number): Refusal => ({ refused, code });
export const refusals = {
  malformedTopic: refusal('malformed-topic', reason.malformedPacket),
  topicName: refusal('topic-name', reason.topicNameInvalid),
  unknownStream: refusal('unknown-stream', reason.topicNameInvalid),
  otherDevice: refusal('other-device', reason.notAuthorized),
  wrongDomain: refusal('wrong-domain', reason.notAuthorized),
  unknownContentType: refusal('unknown-content-type', reason.payloadFormatInvalid),
  filter: refusal('topic-filter', reason.topicFilterInvalid),
  sharedSubscription: refusal('shared-subscription', reason.sharedSubscriptionsNotSupported),
} as const;

export const isRefusal = (value: object): value is Refusal => 'refused' in value;

/** `topic` as it came, without wildcards being special: a topic with `+` or `#` is no device's name. */
export function rightToPublish(topic: string, client: Client, devices: Devices): PublishRight | Refusal {
  const levels = topic.split('/');
  const [root, domain, device, stream] = levels;
  if (levels.length !== 4 || root !== topicRoot) return refusals.topicName;
  return rightFor(domain!, device!, stream!, client, devices);
}

/** The same where the parts come from elsewhere than a topic of ours. */
export function rightFor(domain: string, device: string, stream: string, client: Client, devices: Devices): PublishRight | Refusal {
  if (!idPattern.test(device)) return refusals.topicName;
  if (!isStream(domain, stream)) return refusals.unknownStream;
  const refused = refusedDevice(domain, device, client, devices);
  if (refused !== null) return refused;
  return { domain: domain as Domain, device, stream, publisher: client.kind === 'gateway' ? client.id : '' };
}

export interface SubscribeRight {
  readonly device: string;
  /** The levels of the filter, all of them. */
  readonly levels: readonly string[];
}

/** Granted below `city/<domain>/<device>/` alone; wildcards stand below the device's name or nowhere. */
export function rightToSubscribe(filter: string, client: Client, devices: Devices): SubscribeRight | Refusal {
  if (filter.startsWith('$share/')) return refusals.sharedSubscription;
  const levels = filter.split('/');
  if (filter === '' || !wildcardsStandAlone(levels)) return refusals.filter;
  const [root, domain, device] = levels;
  if (levels.length < 4 || root !== topicRoot) return refusals.otherDevice;
  const refused = refusedDevice(domain!, device!, client, devices);
  return refused ?? { device: device!, levels };
}

/** `#` is the last level, and neither wildcard shares its level with anything else [MQTT-4.7.1-1, MQTT-4.7.1-2]. */
function wildcardsStandAlone(levels: readonly string[]): boolean {
  return levels.every((level, index) => level === '+' || (level === '#' ? index === levels.length - 1 : !/[+#\0]/.test(level)));
}

function refusedDevice(domain: string, device: string, client: Client, devices: Devices): Refusal | null {
  const known = devices.device(device);
  const own = known !== undefined && (client.kind === 'gateway' ? known.gateway === client.id : known.id === client.id);
  if (!own) return refusals.otherDevice;
  return known.domain === domain ? null : refusals.wrongDomain;
}
