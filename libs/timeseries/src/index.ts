/** PostgreSQL and TimescaleDB behind a few functions. The only place that imports pg. */
export * from './arrival.js';
export * from './consumed.js';
export * from './database.js';
export * from './dead-letters.js';
export * from './entry-store.js';
export * from './listen.js';
export * from './migrate.js';
export * from './outbox.js';
export * from './reading-table.js';
export * from './retention.js';
export * from './rollups.js';
export * from './round-store.js';
export * from './row-stream.js';
