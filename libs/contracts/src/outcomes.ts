/** How a reading ends: exactly one of these. */
export const outcomes = ['stored', 'corrected', 'repeated', 'dead-lettered'] as const;
export type Outcome = (typeof outcomes)[number];
