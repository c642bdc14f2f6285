/** What a CONNECT asks for, what it gets, and the CONNACK that says so. */
import type { IConnectPacket } from '#messaging';
import { generate, type Version } from './control-packets.js';
import type { MqttLimits } from './limits.js';
import { reason, returnCode311 } from './reason-codes.js';

/** Why a CONNECT is refused before anybody looks at who it is; null: it is not. */
export function refusedConnect({ clientId, clean, properties }: IConnectPacket, version: Version): { why: string; code: number } | null {
  if (properties?.authenticationMethod !== undefined) return { why: 'authentication-method', code: reason.badAuthenticationMethod };
  if (properties?.receiveMaximum === 0 || properties?.maximumPacketSize === 0) return { why: 'protocol-error', code: reason.protocolError };
  // [MQTT-3.1.3-8]: a session that is to be kept needs a name.
  if (version === 4 && clientId === '' && clean !== true) return { why: 'client-id', code: reason.clientIdentifierNotValid };
  return null;
}

/** Seconds; 0: none. Only MQTT 5 lets the server set one of its own [MQTT-3.1.2-21]. */
export function keepAlive({ keepalive = 0 }: IConnectPacket, version: Version, { keepAliveSecondsMax }: MqttLimits): number {
  return version === 5 && (keepalive === 0 || keepalive > keepAliveSecondsMax) ? keepAliveSecondsMax : keepalive;
}

/** Sessions are never kept: session present is 0, whatever was asked. */
export function connack(connect: IConnectPacket, version: Version, clientId: string, keepAliveS: number, limits: MqttLimits): Buffer {
  if (version === 4) return Buffer.from([0x20, 2, 0, 0]);
  const properties = {
    ...((connect.properties?.sessionExpiryInterval ?? 0) > 0 ? { sessionExpiryInterval: 0 } : {}),
    receiveMaximum: limits.receiveMaximum,
    maximumPacketSize: limits.packetBytesMax,
    topicAliasMaximum: limits.topicAliasMax,
    ...(connect.clientId === '' ? { assignedClientIdentifier: clientId } : {}),
    ...(keepAliveS === connect.keepalive ? {} : { serverKeepAlive: keepAliveS }),
    subscriptionIdentifiersAvailable: false,
    sharedSubscriptionAvailable: false,
  };
  return generate({ cmd: 'connack', reasonCode: 0, sessionPresent: false, properties }, 5);
}

/** Null where the standard wants no answer [MQTT-3.1.4-1]. */
export function connackRefused(code: number, version: Version): Buffer | null {
  if (version === 5) return Buffer.from([0x20, 3, 0, code, 0]);
  const unanswered = code === reason.malformedPacket || code === reason.packetTooLarge || code === reason.protocolError;
  return unanswered ? null : Buffer.from([0x20, 2, 0, returnCode311(code)]);
}
