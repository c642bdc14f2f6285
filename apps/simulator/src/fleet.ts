/**
 * The devices of the simulated town and when they speak: one reading for each period, a little after its end.
 *
 * Each device has its own connection, or shares that of a gateway. A backlog goes hour by hour through all devices, so
 * that the town's past arrives in the order in which it happened.
 */
import { mqttTopic, type Asset, type Device, type Domain, type Gateway } from '#contracts';
import { chance, seedOf } from './chance.js';
import { detectorOn, readingsOf } from './detectors.js';
import { roadRecords, stretches } from './hanoi.js';
import { Link, type LinkCounts } from './link.js';
import { airDevice, airReading, airStations, type AirStation } from './pollution.js';
import { wardAsset, wardId } from './ward.js';

export interface FleetPlan {
  /** Detectors of traffic. */
  readonly devices: number;
  /** Air stations. */
  readonly stations: number;
  /** 0: every device connects itself. */
  readonly gateways: number;
  readonly periodS: number;
  readonly seed: number;
}

export interface Door {
  readonly url: string;
  /** By device or gateway. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly onTrouble: (text: string) => void;
}

interface Member {
  readonly device: string;
  readonly gateway: string | null;
  readonly topic: string;
  /** When after the end of a period it sends. */
  readonly delayMs: number;
  /** Of the period that starts at `startMs`. */
  readonly readings: (startMs: number, backlog: boolean) => readonly object[];
}

export interface Fleet {
  /** Sends all periods from `fromMs` on until it has caught up with the clock; `progress` gets done and all in ms of time. */
  backfill(fromMs: number, progress: (doneMs: number, allMs: number) => void): Promise<void>;
  /** From the next period on, until stopped. */
  live(): void;
  counts(): LinkCounts & { connected: number; connections: number };
  stop(deadlineMs: number): Promise<void>;
}

const deviceWindow = 10;
const gatewayWindow = 100;
/** A device remembers a day at one reading per minute. */
const deviceBufferMax = 1_440;
const gatewayBufferMax = 20_000;
const pauseMsMax = 30_000;
const delayMsMax = 5_000;
/** A device has spoken well before its next period ends. */
const delayShareMax = 0.8;
/** Readings of one device in one message of its backlog. */
const backlogPeriods = 60;

export function startFleet(plan: FleetPlan, door: Door): Fleet {
  const members = membersOf(plan).sort((a, b) => a.delayMs - b.delayMs);
  const links = new Map<string, Link>();
  for (const { device, gateway } of members) {
    const client = gateway ?? device;
    if (!links.has(client)) links.set(client, linkOf(client, gateway !== null, links.size, door));
  }
  for (const link of links.values()) link.connect();
  const linkOfMember = (member: Member): Link => links.get(member.gateway ?? member.device)!;

  const periodMs = plan.periodS * 1000;
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  /** Start of the first period that nobody has sent yet. */
  let nextMs = Math.floor(Date.now() / periodMs) * periodMs;

  const send = (member: Member, readings: readonly object[]): void => {
    linkOfMember(member).publish(member.topic, JSON.stringify(readings.length === 1 ? readings[0] : readings));
  };

  const live = (): void => {
    let at = 0;
    const speak = (): void => {
      const now = Date.now();
      for (;;) {
        const dueMs = nextMs + periodMs + members[at]!.delayMs;
        if (dueMs > now) {
          timer = setTimeout(speak, dueMs - now);
          return;
        }
        send(members[at]!, members[at]!.readings(nextMs, false));
        if (++at === members.length) {
          at = 0;
          nextMs += periodMs;
        }
      }
    };
    if (!stopped) speak();
  };

  const backfill = async (fromMs: number, progress: (doneMs: number, allMs: number) => void): Promise<void> => {
    const beganMs = Math.floor(fromMs / periodMs) * periodMs;
    nextMs = beganMs;
    for (;;) {
      const untilMs = Math.floor(Date.now() / periodMs) * periodMs;
      const periods = Math.min(backlogPeriods, (untilMs - nextMs) / periodMs);
      if (periods <= 0 || stopped) return;
      for (const member of members) {
        const starts = Array.from({ length: periods }, (_, index) => nextMs + index * periodMs);
        // No more than two messages of any device wait, so the backlog needs little memory whatever its length.
        await linkOfMember(member).atMost(member.gateway === null ? 1 : gatewayWindow);
        if (stopped) return;
        send(member, starts.flatMap((startMs) => member.readings(startMs, true)));
      }
      nextMs += periods * periodMs;
      progress(nextMs - beganMs, untilMs - beganMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  return {
    backfill,
    live,
    counts: () => ({ ...sumOf([...links.values()].map((link) => link.counts)), connected: [...links.values()].filter((link) => link.connected).length, connections: links.size }),
    async stop(deadlineMs) {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      await Promise.all([...links.values()].map((link) => link.stop(deadlineMs)));
    },
  };
}

/** What the registry has to know of the town: wards, roads, the stretches on them, air stations, and a device on each. */
export function registrationOf({ devices, gateways, stations = 0 }: Pick<FleetPlan, 'devices' | 'gateways'> & Partial<Pick<FleetPlan, 'stations'>>): { assets: Asset[]; devices: Device[]; gateways: Gateway[] } {
  const empty = { parent: null, zone: null, lanes: null, lengthM: null, freeFlowKmh: null, timeZone: 'Asia/Ho_Chi_Minh' } as const;
  const roads = roadRecords.map((road): Asset => ({ ...empty, id: road.id, kind: 'segment', nameVi: road.nameVi, nameEn: road.nameEn, roadClass: road.roadClass, geometry: { type: 'LineString', coordinates: road.line.map(([x, y]) => [x, y]) } }));
  const parts = stretches(devices);
  const air = airStations.slice(0, stations);
  const wards = [...new Set([...parts, ...air].map(({ ward }) => ward))].map(wardAsset);
  const segments = parts.map((stretch): Asset => ({
    id: stretch.id,
    kind: 'segment',
    parent: stretch.road,
    nameVi: stretch.nameVi,
    nameEn: stretch.nameEn,
    geometry: { type: 'LineString', coordinates: stretch.line.map(([x, y]) => [x, y]) },
    zone: wardId(stretch.ward),
    roadClass: stretch.roadClass,
    lanes: stretch.lanes,
    lengthM: stretch.lengthM,
    freeFlowKmh: stretch.freeFlowKmh,
    timeZone: 'Asia/Ho_Chi_Minh',
  }));
  const used = [...new Set(parts.flatMap((_, index) => gatewayOf(index, gateways) ?? []))].sort();
  return {
    assets: [...wards, ...roads, ...segments, ...air.map((station) => ({ ...empty, ...stationAsset(station) }))],
    devices: [
      ...parts.map((stretch, index): Device => ({ id: detectorOn(stretch, index).id, domain: 'traffic', asset: stretch.id, gateway: gatewayOf(index, gateways), codec: 'json', replay: false })),
      ...air.map((station): Device => ({ id: airDevice(station), domain: 'pollution', asset: station.id, gateway: null, codec: 'json', replay: false })),
    ],
    gateways: used.map((id, index) => ({ id, nameVi: `Cổng giao thông ${index + 1}`, nameEn: `Traffic gateway ${index + 1}`, asset: null })),
  };
}

function stationAsset({ id, nameVi, nameEn, ward, longitude, latitude }: AirStation): Pick<Asset, 'id' | 'kind' | 'nameVi' | 'nameEn' | 'geometry' | 'zone' | 'roadClass'> {
  return { id, kind: 'station', nameVi, nameEn, geometry: { type: 'Point', coordinates: [longitude, latitude] }, zone: wardId(ward), roadClass: null };
}

/** Stations of the air each have their own connection. */
function membersOf({ devices, stations, gateways, periodS, seed }: FleetPlan): Member[] {
  const latestMs = Math.min(delayMsMax, periodS * 1000 * delayShareMax);
  const member = (domain: Domain, device: string, gateway: string | null, readings: Member['readings']): Member => ({
    device,
    gateway,
    topic: mqttTopic(domain, device, 'readings'),
    delayMs: Math.floor(chance(seedOf(device, seed), 1) * latestMs),
    readings,
  });
  return [
    ...stretches(devices).map((stretch, index) => {
      const detector = detectorOn(stretch, index);
      return member('traffic', detector.id, gatewayOf(index, gateways), (startMs, backlog) => readingsOf(detector, startMs, periodS, seed, backlog));
    }),
    ...airStations.slice(0, stations).map((station) => member('pollution', airDevice(station), null, (startMs) => [airReading(station, startMs, periodS, seed)])),
  ];
}

function gatewayOf(index: number, gateways: number): string | null {
  return gateways === 0 ? null : `gateway-traffic-${(index % gateways) + 1}`;
}

function linkOf(client: string, gateway: boolean, index: number, { url, secrets, onTrouble }: Door): Link {
  const secret = secrets.get(client);
  if (secret === undefined) throw new Error(`there is no secret for ${client}: register the simulated town again, npm run import`);
  return new Link({
    url,
    client,
    secret,
    // As in a real town, some devices are older than others.
    protocolVersion: index % 3 === 0 ? 4 : 5,
    window: gateway ? gatewayWindow : deviceWindow,
    bufferMax: gateway ? gatewayBufferMax : deviceBufferMax,
    pauseMsMax,
    onTrouble,
  });
}

function sumOf(all: readonly LinkCounts[]): LinkCounts {
  const sum: LinkCounts = { published: 0, acknowledged: 0, sentAgain: 0, refused: 0, lost: 0 };
  for (const counts of all) for (const key of Object.keys(sum) as (keyof LinkCounts)[]) sum[key] += counts[key];
  return sum;
}
