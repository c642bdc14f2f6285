/**
 * Names of devices, assets, streams and channels: what may stand in a topic, a URL, a row and a log without escaping.
 *
 * The pattern is the same everywhere, so a name that one door accepts is accepted by all.
 */
import { z } from 'zod';

export const idPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
export const id = z.string().regex(idPattern, 'expected 1–64 letters, digits, ".", "_", ":" or "-", beginning with a letter or digit');

/** At most this many channels (lanes, detectors, vehicle classes, metric groups) for one device. */
export const channelsPerDeviceMax = 64;

/** A channel of a device; the empty string is the device itself. */
export const channel = z.union([z.literal(''), id]);

/** RFC 3339 in UTC, to the millisecond at most: what the wire carries. */
export const instant = z.iso.datetime({ offset: true });
