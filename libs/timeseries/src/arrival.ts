/** Where a reading, or a message that cannot become one, came from. */
export interface Origin {
  readonly partition: number;
  readonly offset: number;
  /** Place in the frame. */
  readonly position: number;
  /** Index in the message's array; −1: the message as a whole. */
  readonly element: number;
  readonly device: string;
  readonly publisher: string;
  readonly codec: string;
  readonly receivedAtMs: number;
}

/** One reading of a message, decoded, as a consumer hands it to the store. `payload` from `start` to `end` are the raw bytes. */
export interface Arrival<O> extends Origin {
  readonly payload: Buffer;
  readonly start: number;
  readonly end: number;
  readonly channel: string;
  readonly observedAtMs: number;
  readonly observation: O;
  /** Whose derived state this reading may change (an asset); null: nobody's. */
  readonly subject: string | null;
  /** The partition that the subject's and the channel's memory belong to. */
  readonly home: number;
}
