/** Closes hours as pollution does, again and again until nothing is left to do, or until it is killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '#timeseries';
import { closeHours } from '../../apps/pollution/src/hours.js';
import { noLog } from './private-database.js';

const [url, nowMs] = process.argv.slice(2) as [string, string];
const db = openDatabase({ url, name: 'test hours', connectionsMax: 2, log: noLog });
process.send?.('computing');
for (;;) {
  await closeHours({ db, zoneOf: () => 'Asia/Ho_Chi_Minh', topicRoot: 'test', log: noLog }, Number(nowMs));
  const [left] = await db.query('select count(*)::int as n from pollution.stale_hour where hour_at < $1', [new Date(Number(nowMs) - 2 * 3_600_000)]);
  if (left!['n'] === 0) break;
  await sleep(20); // The other process is at it.
}
await db.close();
process.send?.('done');
