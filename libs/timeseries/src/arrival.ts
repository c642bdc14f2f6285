/** One reading of a message, decoded, as a consumer hands it to the store. `payload` from `start` to `end` are the raw bytes. */
export interface Arrival<O> {
  readonly partition: number;
  readonly offset: number;
  readonly position: number;
  readonly element: number;
  readonly device: string;
  readonly publisher: string;
  readonly codec: string;
  readonly receivedAtMs: number;
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
