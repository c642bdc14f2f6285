/** PostgreSQL and TimescaleDB behind a few functions. The only place that imports pg. */
export * from './database.js';
export * from './listen.js';
export * from './migrate.js';
