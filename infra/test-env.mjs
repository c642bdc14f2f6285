// @ts-check
/**
 * Starts the servers of instance `test` and prints how to reach them, for running one spec by hand:
 *   eval "$(node infra/test-env.mjs)" && npx jest test/some.int.spec.ts
 */
import { ensureKafka } from './local/kafka.mjs';
import { Problem } from './local/needs.mjs';
import { ensureDatabase } from './local/postgres.mjs';

try {
  const [{ brokers }, { adminUrl }] = await Promise.all([ensureKafka('test'), ensureDatabase('test')]);
  console.log(`export NHIP_TEST_KAFKA_BROKERS=${brokers}`);
  console.log(`export NHIP_TEST_ADMIN_URL=${adminUrl}`);
  console.log('export NODE_OPTIONS=--experimental-vm-modules');
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
