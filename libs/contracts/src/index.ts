/** The words that all agree on. Runs in a browser: imports zod alone. */
export * from './asset.js';
export * from './complaint.js';
export * from './condition.js';
export * from './connection-event.js';
export * from './content-types.js';
export * from './dated-row.js';
export * from './domains.js';
export * from './failures.js';
export * from './frame.js';
export * from './ids.js';
export * from './instant.js';
export * from './outcomes.js';
export * from './own-json.js';
export * from './plain-test.js';
export * from './topics.js';
export * from './traffic.js';
