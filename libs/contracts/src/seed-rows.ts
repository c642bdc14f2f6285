/** The dated rows of all domains that a new installation starts with. */
import type { DatedRow } from './dated-row.js';
import { pollutionSeeds } from './pollution-seeds.js';
import { trafficRows } from './traffic-rows.js';

export const seedRows: readonly DatedRow[] = [...trafficRows, ...pollutionSeeds];
