/** What every domain's service shares: from the round of messages to rows, outcomes, announcements, and the common routes. */
export * from './age.js';
export * from './areas.js';
export * from './catalogue.js';
export * from './conditions.js';
export * from './configuration.js';
export * from './consumer.js';
export * from './definition.js';
export * from './kept-tables.js';
export * from './letters.js';
export * from './series-routes.js';
export * from './series.js';
export * from './start.js';
export * from './unpack.js';
