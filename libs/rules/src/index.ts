/** Pure functions that several domains need. */
export * from './dated-rows.js';
export * from './geometry.js';
export * from './local-time.js';
export * from './means.js';
