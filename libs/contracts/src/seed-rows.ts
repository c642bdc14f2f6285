/** The dated rows of all domains that a new installation starts with, and what a value of each kind looks like. */
import type { z } from 'zod';
import { capRows, capRowValues } from './cap-rows.js';
import type { DatedRow } from './dated-row.js';
import { pollutionRowValues } from './pollution-rows.js';
import { pollutionSeeds } from './pollution-seeds.js';
import { trafficRows, trafficRowValues } from './traffic-rows.js';

export const seedRows: readonly DatedRow[] = [...trafficRows, ...pollutionSeeds, ...capRows];

/** By kind; a row of another kind, or with another value, is of no use to anybody. */
export const rowValues: Readonly<Record<string, z.ZodType>> = { ...trafficRowValues, ...pollutionRowValues, ...capRowValues };
