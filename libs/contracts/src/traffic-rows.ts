/**
 * The dated rows that traffic starts with, and what a value of each kind looks like.
 *
 * Seeds only: people change them through the API, and the time of the event selects the row. `verifiedBy` stays empty
 * until somebody has compared the value with its source; screens then show "chưa kiểm chứng / not verified".
 */
import { z } from 'zod';
import type { DatedRow } from './dated-row.js';
import { vehicleClasses, type VehicleClass } from './traffic.js';

export const roadClasses = ['motorway', 'arterial', 'street'] as const;
export type RoadClass = (typeof roadClasses)[number];

const positive = z.number().positive();
const share = z.number().positive().max(2);
/** The most periods that a congestion window may ask for; the segment keeps this many. */
export const congestionPeriodsMax = 12;

const window = z
  .strictObject({ periodSMax: z.int().min(1).max(86_400), needed: z.int().positive(), of: z.int().positive().max(congestionPeriodsMax) })
  .refine(({ needed, of }) => needed <= of && needed * 2 > of, 'expected more than half of the periods, or a window could be congested and clear at once');

/** The value of a dated row by its kind; a row with another value cannot be used. */
export const trafficRowValues = {
  /** PCU of one vehicle by class; key: range of design speed in km/h. */
  'traffic.pcu': z.strictObject(Object.fromEntries(vehicleClasses.map((name) => [name, positive])) as Record<VehicleClass, typeof positive>),
  /** Upper bounds of A to E (share of free flow: lower bounds, exclusive); key: facility. */
  'traffic.los': z.strictObject({
    measure: z.enum(['densityPcuKmLane', 'delayS', 'shareOfFreeFlow']),
    bounds: z.array(positive).min(4).max(5),
  }),
  'traffic.tti-state': z.strictObject({ lightFrom: positive, moderateFrom: positive, heavyAbove: positive }),
  'traffic.speed-state': z.strictObject({ freeAbove: share, lightAbove: share, moderateAbove: share }),
  'traffic.congestion': z
    .strictObject({ enterBelowShare: share, clearAboveShare: share, windows: z.array(window).min(1).max(8) })
    .refine((value) => value.clearAboveShare > value.enterBelowShare, 'expected clearAboveShare above enterBelowShare')
    .refine(({ windows }) => windows.every((one, index) => index === 0 || one.periodSMax > windows[index - 1]!.periodSMax), 'expected windows in the order of periodSMax'),
  /** km/h; key: road class. For assets that have no `freeFlowKmh` of their own. */
  'traffic.free-flow': positive.max(200),
  /** How far a reading's time may be ahead of, or behind, its receipt. */
  'traffic.age': z.strictObject({ aheadS: positive, tooOldS: positive }),
  'traffic.speed-limit': positive.max(200),
  /** m: vehicle and detection zone together. */
  'traffic.effective-length': positive.max(100),
  /** veh/km: below it, flow / density says nothing of speed. */
  'traffic.density-min': positive,
  /** From this share of motorcycles on a street has no lanes to speak of. */
  'traffic.motorcycle-street': share,
  /** km/h: the reference of the travel time index where free flow is not measured. */
  'traffic.tti-reference': positive.max(200),
} as const satisfies Record<string, z.ZodType>;

export type TrafficRowKind = keyof typeof trafficRowValues;
export type TrafficRowValue<K extends TrafficRowKind> = z.output<(typeof trafficRowValues)[K]>;

const checked = 'domain study against the source';
const always = '2000-01-01T00:00:00Z';

interface Seed<K extends TrafficRowKind> {
  readonly key: string;
  /** The last part of the id: year or name of the source. */
  readonly of: string;
  readonly value: TrafficRowValue<K>;
  readonly unit: string;
  readonly source: string;
  readonly legalBasis?: string;
  readonly article?: string;
  readonly validFrom?: string;
  readonly verified?: boolean;
}

function row<K extends TrafficRowKind>(kind: K, { key, of, value, unit, source, legalBasis = '', article = '', validFrom = always, verified = false }: Seed<K>): DatedRow {
  const id = [kind, ...(key === '' ? [] : [key]), of].join('.');
  return { id, kind, key, legalBasis, article, validFrom, validTo: null, value, unit, source, verifiedBy: verified ? checked : null };
}

const tcxdvn104 = {
  of: '2007',
  unit: 'PCU',
  legalBasis: 'TCXDVN 104:2007',
  article: 'conversion factors by design speed',
  validFrom: '2007-01-01T00:00:00+07:00',
  source: 'TCXDVN 104:2007, since replaced by TCVN 13592:2022; bus as large bus, truck as 2-axle truck; "other" is not in the table and counts as a car',
};
const pcu = [
  row('traffic.pcu', { key: '30-50', value: { bicycle: 0.3, motorcycle: 0.25, car: 1, truck: 2.5, bus: 3, trailer: 4, other: 1 }, ...tcxdvn104 }),
  row('traffic.pcu', { key: '60-up', value: { bicycle: 0.5, motorcycle: 0.5, car: 1, truck: 2, bus: 2.5, trailer: 3, other: 1 }, ...tcxdvn104 }),
];

const hcm = { of: 'hcm', verified: true, source: 'Highway Capacity Manual (TRB)' };
const density = { ...hcm, unit: 'pc/km/ln' };
const delay = { ...hcm, unit: 's' };
/** HCM gives densities per mile. For freeways the metric table is taken as published, which rounds a little otherwise. */
const perKm = (perMile: readonly number[]): number[] => perMile.map((value) => Math.round((value / 1.609344) * 10) / 10);
const los = [
  row('traffic.los', { key: 'freeway', value: { measure: 'densityPcuKmLane', bounds: [6.8, 11.2, 16.2, 21.7, 28] }, ...density }),
  row('traffic.los', { key: 'weaving', value: { measure: 'densityPcuKmLane', bounds: perKm([10, 20, 28, 35, 43]) }, ...density }),
  row('traffic.los', { key: 'merge-diverge', value: { measure: 'densityPcuKmLane', bounds: perKm([10, 20, 28, 35]) }, ...density }),
  row('traffic.los', { key: 'signal', value: { measure: 'delayS', bounds: [10, 20, 35, 55, 80] }, ...delay }),
  row('traffic.los', { key: 'no-signal', value: { measure: 'delayS', bounds: [10, 15, 25, 35, 50] }, ...delay }),
  row('traffic.los', { key: 'urban-street', value: { measure: 'shareOfFreeFlow', bounds: [0.8, 0.67, 0.5, 0.4, 0.3] }, of: 'hcm', unit: 'share', source: 'Highway Capacity Manual (TRB), urban streets, % of free-flow speed' }),
];

const states = [
  row('traffic.tti-state', { key: '', of: 'default', value: { lightFrom: 1.25, moderateFrom: 1.5, heavyAbove: 2 }, unit: 'index', source: 'default of the house: under 1.25 free, to 1.5 light, to 2 moderate, above heavy' }),
  row('traffic.speed-state', { key: '', of: 'default', value: { freeAbove: 0.8, lightAbove: 0.6, moderateAbove: 0.4 }, unit: 'share', source: 'default of the house: share of free-flow speed' }),
  row('traffic.motorcycle-street', { key: '', of: 'default', value: 0.5, unit: 'share', source: 'default of the house: half of the classified vehicles' }),
  row('traffic.tti-reference', { key: 'pems', of: 'pems', value: 96.56, unit: 'km/h', verified: true, source: 'PeMS: 60 mph' }),
];

/** Minutes by 3 of 5; a longer period stands for itself. */
const windows = [
  { periodSMax: 300, needed: 3, of: 5 },
  { periodSMax: 86_400, needed: 1, of: 1 },
];
const congestionSource = 'default of the house: hysteresis with 3 of 5 periods; on a street of 50 km/h enter below 20 km/h, leave above 28 km/h';
const congestion = [
  row('traffic.congestion', { key: 'motorway', of: 'default', value: { enterBelowShare: 0.5, clearAboveShare: 0.65, windows }, unit: 'share', source: congestionSource }),
  row('traffic.congestion', { key: 'arterial', of: 'default', value: { enterBelowShare: 0.4, clearAboveShare: 0.56, windows }, unit: 'share', source: congestionSource }),
  row('traffic.congestion', { key: 'street', of: 'default', value: { enterBelowShare: 0.4, clearAboveShare: 0.56, windows }, unit: 'share', source: congestionSource }),
];

const freeFlowSource = 'default of the house until the 85th percentile of night speed is measured: ';
const freeFlow = [
  row('traffic.free-flow', { key: 'motorway', of: 'default', value: 80, unit: 'km/h', source: `${freeFlowSource}city motorway` }),
  row('traffic.free-flow', { key: 'arterial', of: 'default', value: 60, unit: 'km/h', source: `${freeFlowSource}limit of a divided urban road` }),
  row('traffic.free-flow', { key: 'street', of: 'default', value: 50, unit: 'km/h', source: `${freeFlowSource}limit of an undivided urban road` }),
];

const circular38 = { of: '2024', unit: 'km/h', legalBasis: 'Circular 38/2024/TT-BGTVT', validFrom: '2025-01-01T00:00:00+07:00', source: 'Circular 38/2024/TT-BGTVT, urban speed limits' };
const speedLimits = [
  row('traffic.speed-limit', { key: 'urban-divided', value: 60, ...circular38 }),
  row('traffic.speed-limit', { key: 'urban-undivided', value: 50, ...circular38 }),
];

const detectors = [
  row('traffic.age', { key: '', of: 'default', value: { aheadS: 180, tooOldS: 30 * 86_400 }, unit: 's', source: 'default of the house: clocks drift by minutes; an outage may last weeks' }),
  row('traffic.effective-length', { key: '', of: 'iris', value: 6.7, unit: 'm', verified: true, source: 'MnDOT IRIS: default field length 22 ft' }),
  row('traffic.density-min', { key: '', of: 'iris', value: 0.75, unit: 'veh/km', verified: true, source: 'MnDOT IRIS: 1.2 veh/mile' }),
];

export const trafficRows: readonly DatedRow[] = [...pcu, ...los, ...states, ...congestion, ...freeFlow, ...speedLimits, ...detectors];
