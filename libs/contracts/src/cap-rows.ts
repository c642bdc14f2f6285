/**
 * Which alarms are told to the public, how a CAP message classes them, and how many people must approve it: dated rows.
 *
 * Seeds only, from the house's table of alarms; nobody has compared them with a source yet. A condition without a row, or
 * a level that its row does not name, is never told to the public.
 */
import { z } from 'zod';
import { capCategories, capCertainties, capSeverities, capUrgencies } from './cap.js';
import type { DatedRow } from './dated-row.js';

export const capRowValues = {
  /** Key: `<domain>/<type>` of the condition. */
  'alarm.cap': z.strictObject({
    category: z.array(z.enum(capCategories)).min(1).max(5),
    /** By the condition's level. */
    levels: z.record(z.string().min(1).max(32), z.strictObject({ severity: z.enum(capSeverities), urgency: z.enum(capUrgencies), certainty: z.enum(capCertainties) })),
    /** Only stations of grade `regulatory` speak to the public. */
    regulatoryOnly: z.boolean(),
    /** How far around a point or a road people are warned, km. */
    aroundKm: z.number().positive().max(100),
  }),
  /** People who must approve a message of status Actual before it is sent; key: its severity. */
  'alarm.cap-approval': z.int().min(1).max(5),
} as const satisfies Record<string, z.ZodType>;

export type CapRowKind = keyof typeof capRowValues;
export type CapRowValue<K extends CapRowKind> = z.output<(typeof capRowValues)[K]>;

const unverified = { legalBasis: '', article: '', validFrom: '2000-01-01T00:00:00Z', validTo: null, verifiedBy: null };

function cap(key: string, value: CapRowValue<'alarm.cap'>, source: string): DatedRow {
  return { id: `alarm.cap.${key.replace('/', '.')}.default`, kind: 'alarm.cap', key, value, unit: '', source: `default of the house: ${source}`, ...unverified };
}

const dust = { category: ['Env' as const], regulatoryOnly: true, aroundKm: 2 };
const dustSource = 'a limit of dust is Minor, since health is told by the index; Past, since its averaging period is over';
const exceeded = { exceeded: { severity: 'Minor', urgency: 'Past', certainty: 'Observed' } } as const;

const classes = [
  cap(
    'pollution/air-quality-level',
    {
      category: ['Env', 'Health'],
      levels: {
        unhealthy: { severity: 'Moderate', urgency: 'Immediate', certainty: 'Observed' },
        'very-unhealthy': { severity: 'Severe', urgency: 'Immediate', certainty: 'Observed' },
        hazardous: { severity: 'Extreme', urgency: 'Immediate', certainty: 'Observed' },
      },
      regulatoryOnly: true,
      aroundKm: 5,
    },
    'VN_AQI 151–200 Moderate, 201–300 Severe, above 300 Extreme, of regulatory stations',
  ),
  ...['pm25-24h', 'pm10-24h', 'tsp-1h', 'tsp-24h'].map((limit) => cap(`pollution/legal-exceedance-${limit}`, { ...dust, levels: exceeded }, dustSource)),
  cap(
    'traffic/congestion',
    { category: ['Transport'], levels: { congested: { severity: 'Minor', urgency: 'Immediate', certainty: 'Observed' } }, regulatoryOnly: false, aroundKm: 0.2 },
    'severity goes by lanes blocked; of a congestion none is known to be',
  ),
];

/** Two people for what makes people leave their homes. An unknown severity may be any. */
const peopleBySeverity = { Extreme: 2, Severe: 2, Moderate: 1, Minor: 1, Unknown: 2 } as const;
const approvals = capSeverities.map(
  (key): DatedRow => ({ id: `alarm.cap-approval.${key}.default`, kind: 'alarm.cap-approval', key, value: peopleBySeverity[key], unit: 'people', source: 'default of the house: one person, two for Severe and Extreme', ...unverified }),
);

export const capRows: readonly DatedRow[] = [...classes, ...approvals];
