/**
 * The two failures that have a name, and every reason for which a message can end as a dead letter.
 *
 * `Rejected` is the message's fault, `Unavailable` the world's; anything else is ours.
 */
export const deadLetterReasons = [
  'unknown-device', // Written to Kafka directly, or the device was removed since.
  'unknown-codec',
  'undecodable', // The bytes are not what the codec expects: broken JSON, wrong UTF-8, too deep.
  'invalid', // Decoded, but a field is missing, of the wrong type or out of range.
  'device-mismatch', // The payload names another device.
  'wrong-domain', // The device belongs to another domain.
  'other-gateway', // Came over a bridge whose gateway the device is not behind.
  'clock-ahead',
  'too-old',
  'too-many-channels',
  'too-large', // Longer array or larger payload than the limits allow.
  'no-limit-row', // No dated row holds for the time of the event.
  'our-fault', // Processing failed; the message is innocent until shown otherwise.
] as const;
export type DeadLetterReason = (typeof deadLetterReasons)[number];

/**
 * The message's fault: it becomes a dead letter with this reason; `details` name the field and what was expected.
 * It has no stack: where in our code a message was found wrong tells its sender nothing, and a flood of wrong messages
 * would cost several times as much.
 */
export class Rejected extends Error {
  constructor(
    readonly reason: DeadLetterReason,
    readonly details: string,
  ) {
    const frames = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(`${reason}: ${details}`);
    Error.stackTraceLimit = frames;
    this.name = 'Rejected';
  }
}

/** The world's fault: Kafka, the database or a domain cannot answer now. Whoever catches it tries again, without end. */
export class Unavailable extends Error {
  constructor(
    readonly dependency: 'kafka' | 'database' | 'domain',
    cause: unknown,
  ) {
    super(`${dependency} unavailable: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'Unavailable';
  }
}

/**
 * Kafka gave a later part of a partition than the one that is due: storing it would skip messages in silence. Whoever
 * reads goes back to `dueOffset`.
 */
export class OffsetGap extends Error {
  constructor(
    readonly partition: number,
    readonly dueOffset: number,
    readonly givenOffset: number,
  ) {
    super(`partition ${partition}: offset ${dueOffset} is due, but ${givenOffset} was given`);
    this.name = 'OffsetGap';
  }
}
