/**
 * Messages down to connected clients, out of one Kafka topic that every ingest reads whole and from its end: whoever is
 * not connected now misses them, and the domain sends again when it hears of a connection.
 */
import { type Command, command, mqttTopic } from '#contracts';
import type { Delivery, DownMessage } from './subscriptions.js';
import type { Tally } from './tally.js';

export type Deliver = (message: DownMessage) => Delivery[];

/** One record of the topic; what is wrong with it is counted and logged, never thrown. */
export function takeCommand(value: Buffer, deliver: Deliver, tally: Tally): void {
  const read = commandFrom(value);
  if (typeof read === 'string') {
    tally.refused('commands', 'invalid', { problem: read });
    return;
  }
  const outcomes = deliver({ device: read.device, topic: mqttTopic(read.domain, read.device, read.topic), qos: read.qos, payload: Buffer.from(read.payloadBase64, 'base64') });
  // Nobody here is the usual case: another ingest may have the device.
  for (const outcome of outcomes) {
    if (outcome === 'sent' || outcome === 'queued') tally.count('commands', outcome);
    else tally.refused('commands', outcome, { device: read.device, topic: read.topic });
  }
}

/** A command, or what is wrong with it. */
export function commandFrom(value: Buffer): Command | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value.toString('utf8'));
  } catch {
    return 'not JSON';
  }
  const result = command.safeParse(parsed);
  if (!result.success) return `${result.error.issues[0]!.path.join('.')}: ${result.error.issues[0]!.message}`;
  // A wildcard in the name of a topic would be a protocol error of ours [MQTT-3.3.2-2].
  return /[+#\0]/.test(result.data.topic) ? 'topic: expected no wildcard' : result.data;
}
