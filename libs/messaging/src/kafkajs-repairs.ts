/**
 * Repairs of kafkajs 2.2.4, made when this file is first imported. They live here, not in a patched package, so that
 * `npm ci` cannot lose them; if kafkajs is not as expected, the process says so at once.
 *
 * 1. An idle connection keeps a 1 ms timer running, 4 % of a core each (tulios/kafkajs#1704, #1751): no timer without need.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
export const repairedVersion = '2.2.4';

interface RequestQueue {
  pending: unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

const installed = (require('kafkajs/package.json') as { version: string }).version;
if (installed !== repairedVersion) throw new Error(`kafkajs ${installed} is installed, its repairs were written for ${repairedVersion}: look at libs/messaging/src/kafkajs-repairs.ts`);

const queue = (require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }).prototype;
const schedule = queue.scheduleCheckPendingRequests;
if (typeof schedule !== 'function') throw new Error('kafkajs has no RequestQueue.scheduleCheckPendingRequests: its repairs no longer fit');

queue.scheduleCheckPendingRequests = function scheduleOnlyWhenNeeded(this: RequestQueue): void {
  if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return;
  schedule.call(this);
};
