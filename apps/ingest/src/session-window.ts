/**
 * What one connection has sent and not yet had answered: how much it may still send, and the answers in order of receipt.
 *
 * Tokens go to the producer with each message and come back once it is durable; a token holds the packet id, the QoS and
 * the size, so that nothing is kept per message here. Answers that need no Kafka (a refusal, a repeat) wait for those of
 * the messages before them [MQTT-4.6.0-2].
 */
const unitBytes = 64;

/** 16 bits of packet id, 2 of QoS, 13 of size in units of 64 bytes: stays a small integer for V8. */
export function tokenOf(qos: number, packetId: number, bytes: number): number {
  return (Math.min(0x1fff, Math.ceil(bytes / unitBytes)) << 18) | (qos << 16) | packetId;
}

const PUBACK = 0x40;
const PUBREC = 0x50;

interface Answer {
  /** How many messages were taken before it. */
  readonly after: number;
  readonly bytes: Buffer;
  /** It ends the exchange of its packet: one more may be sent. */
  readonly final: boolean;
}

export class SessionWindow {
  private taken = 0;
  private settled = 0;
  private unitsTaken = 0;
  private unanswered = 0;
  private answers: Answer[] = [];
  /** QoS 2: packet ids that are on their way into Kafka, and those that are there and await PUBREL. */
  private recording: Set<number> | null = null;
  private recorded: Set<number> | null = null;

  /** Messages that are not yet in Kafka. */
  get messages(): number {
    return this.taken - this.settled;
  }

  /** Their bytes, rounded up to 64 each. */
  get bytes(): number {
    return this.unitsTaken * unitBytes;
  }

  /** PUBLISH packets of QoS 1 and 2 whose exchange has not ended: what Receive Maximum counts. */
  get inFlight(): number {
    return this.unanswered;
  }

  take(token: number): void {
    this.taken++;
    this.unitsTaken += token >>> 18;
    const qos = (token >>> 16) & 3;
    if (qos === 0) return;
    this.unanswered++;
    if (qos === 2) (this.recording ??= new Set()).add(token & 0xffff);
  }

  /** A QoS 2 message that is here already, and must not be stored again. */
  isRepeat(packetId: number): boolean {
    return this.recording?.has(packetId) === true || this.recorded?.has(packetId) === true;
  }

  /** An answer that needs no Kafka, in its place: what may be written now (perhaps nothing). `final`: see above. */
  answer(bytes: Buffer, final: boolean): Buffer | null {
    if (this.messages > 0) {
      this.answers.push({ after: this.taken, bytes, final });
      return null;
    }
    if (final) this.unanswered--;
    return bytes;
  }

  /** Counts a message that is refused, before its `answer(…, true)`. */
  refuse(): void {
    this.unanswered++;
  }

  /** The messages of these tokens are durable, in the order of `take`: the bytes to write, perhaps none. */
  settle(tokens: readonly number[]): Buffer {
    if (this.answers.length > 0) return this.settleAmongAnswers(tokens);
    const acks = Buffer.allocUnsafe(4 * tokens.length);
    let end = 0;
    for (let i = 0; i < tokens.length; i++) end = this.acknowledge(tokens[i]!, acks, end);
    this.settled += tokens.length;
    return end === acks.length ? acks : acks.subarray(0, end);
  }

  /** PUBREL: `unknown`, or `early` when the message is not recorded yet, which no client that keeps to the order sends. */
  release(packetId: number): 'done' | 'unknown' | 'early' {
    if (this.recording?.has(packetId) === true) return 'early';
    if (this.recorded?.delete(packetId) !== true) return 'unknown';
    this.unanswered--;
    return 'done';
  }

  private acknowledge(token: number, acks: Buffer, at: number): number {
    this.unitsTaken -= token >>> 18;
    const qos = (token >>> 16) & 3;
    if (qos === 0) return at;
    if (qos === 1) this.unanswered--;
    else {
      this.recording!.delete(token & 0xffff);
      (this.recorded ??= new Set()).add(token & 0xffff);
    }
    acks[at] = qos === 1 ? PUBACK : PUBREC;
    acks[at + 1] = 2;
    acks[at + 2] = (token >>> 8) & 0xff;
    acks[at + 3] = token & 0xff;
    return at + 4;
  }

  private settleAmongAnswers(tokens: readonly number[]): Buffer {
    const parts: Buffer[] = [];
    const answerUpTo = (settled: number): void => {
      while (this.answers.length > 0 && this.answers[0]!.after <= settled) {
        const { bytes, final } = this.answers.shift()!;
        if (final) this.unanswered--;
        parts.push(bytes);
      }
    };
    for (const token of tokens) {
      answerUpTo(this.settled);
      const ack = Buffer.allocUnsafe(4);
      parts.push(ack.subarray(0, this.acknowledge(token, ack, 0)));
      this.settled++;
    }
    answerUpTo(this.settled);
    return Buffer.concat(parts);
  }
}
