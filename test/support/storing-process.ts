/** Stores a log of readings from where the database says it stands, or a little before, until it is killed or done. */
import { chanceFrom } from './readings-model.js';
import { readingLog, takeLog } from './reading-log.js';
import { openStorage } from './traffic-storage.js';

const [url, seed, offsets, run] = process.argv.slice(2) as [string, string, string, string];
const storage = await openStorage(url);
const chance = chanceFrom(Number(seed) + Number(run));
const rows = await storage.db.query('select next_offset from traffic.consumed order by partition');
const from = rows.map((row) => Math.max(0, (row['next_offset'] as number) - Math.floor(chance() * 50)));
process.send?.('storing');
await takeLog(storage.store(), readingLog(Number(seed), Number(offsets)), from, chance);
await storage.close();
process.send?.('done');
