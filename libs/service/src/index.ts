/** How a process starts, reads its configuration, logs, reports health and metrics, checks who is calling, and stops. */
export * from './areas.js';
export * from './command.js';
export * from './configuration.js';
export * from './described-openapi.js';
export * from './described.js';
export * from './health.js';
export * from './http.js';
export * from './log.js';
export * from './principal.js';
export * from './problem.js';
export * from './query-fields.js';
export * from './registry-memory.js';
export * from './registry.js';
export * from './start-service.js';
