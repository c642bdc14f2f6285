import { type LegalPeriod, legalFinding, type Told } from './station-conditions.js';

const startMs = Date.UTC(2026, 10, 22, 7);
const observedAt = new Date(startMs).toISOString();
const above = { key: 'no2-1h', ugM3: 210, limitUgM3: 200, excessUgM3: 10, rowId: 'row' };
const base: LegalPeriod = { key: 'no2-1h', startMs, revision: 1, ugM3: 150, exceedance: null, before: null, newest: true, live: true, limit: { ugM3: 200, rowId: 'row' } };
const toldActive: Told = { active: true, level: 'exceeded', observedAt, value: 210, limit: 200 };

/** Each case: what is known, what was told before, and what is told now. */
test.each<[string, Partial<LegalPeriod>, Told | null, boolean, [state: string, value: number | null, late: boolean] | null]>([
  ['the newest period exceeds: told as live', { ugM3: 210, exceedance: above }, null, false, ['active', 210, false]],
  ['one event for each period: told again for the next', { ugM3: 210, exceedance: above }, { ...toldActive, observedAt: 'an hour before' }, false, ['active', 210, false]],
  ['the same period with the same value: nothing', { ugM3: 210, exceedance: above, revision: 2 }, toldActive, false, null],
  ['the same period with another value: told again', { ugM3: 220, exceedance: { ...above, ugM3: 220 }, revision: 2 }, toldActive, false, ['active', 220, false]],
  ['the newest period keeps the limit: cleared', {}, toldActive, false, ['clear', 150, false]],
  ['it keeps the limit, and nothing was told: nothing', {}, null, false, null],
  ['there is no mean: silence is not a clear', { ugM3: null }, toldActive, false, null],
  ['an older period turns out to have exceeded: history', { newest: false, ugM3: 210, exceedance: above }, null, false, ['active', 210, true]],
  ['an older period that is known already: nothing', { newest: false, ugM3: 210, exceedance: above, before: above }, null, false, null],
  ['an older period turns out to have kept the limit: history', { newest: false, before: above }, toldActive, false, ['clear', 150, true]],
  ['the newest period, but long ago: history', { live: false, ugM3: 210, exceedance: above }, null, false, ['active', 210, true]],
  ['of a replay the newest is told, as late', { live: false, ugM3: 210, exceedance: above }, null, true, ['active', 210, true]],
  ['and cleared, as late', { live: false }, toldActive, true, ['clear', 150, true]],
])('%s', (_, change, told, replay, expected) => {
  const finding = legalFinding('hn-air-1', { ...base, ...change }, told, replay);
  expect(finding === null ? null : [finding.state, finding.value, finding.late]).toEqual(expected);
  if (finding !== null) expect(finding).toMatchObject({ conditionId: 'pollution/legal-exceedance-no2-1h/hn-air-1', observedAt, limit: 200, limitRowId: 'row' });
});
