/**
 * The frame: how ingest packs many messages into one Kafka record.
 *
 * Layout, all numbers big-endian:
 *   u8  version (1)
 *   then per entry
 *   u8  length of device      device, ASCII
 *   u8  length of publisher   publisher, ASCII (the gateway that published for the device; empty: the device itself)
 *   f64 receivedAt            ms since 1970 UTC
 *   u8  length of codec       codec, ASCII (empty: the codec of the device's record)
 *   u32 length of payload     payload, bytes as they came
 * The record's header `nhip-frame` holds version and count as ASCII, `1;57`. A record without that header is one
 * plain JSON reading keyed by its device, written by another system.
 */
export const frameVersion = 1;

/** Before a publisher: when the message came, the device was not registered behind this gateway. The domain looks again. */
export const unproven = '?';

export const frameHeader = 'nhip-frame';
export const cityHeader = 'nhip-city';
export const frameEntriesMax = 100;
export const frameBytesMax = 256 * 1024;

/** Bytes of an entry beside its texts and payload. */
export const frameEntryOverheadBytes = 1 + 1 + 8 + 1 + 4;

/** The largest payload that fits a frame alone, whatever the names. */
export const payloadBytesMax = frameBytesMax - 1 - frameEntryOverheadBytes - 3 * 64;

export interface FrameEntry {
  readonly device: string;
  readonly publisher: string;
  readonly receivedAtMs: number;
  readonly codec: string;
  readonly payload: Uint8Array;
}
