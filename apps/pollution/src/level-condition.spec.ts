import { pollutionSeeds, type PollutionRowValue, type VnLevel } from '#contracts';
import { conditionLevel } from './level-condition.js';

/** Enter above 150, 200, 300 for two hours running; leave with two at or below 5 points less (alarms.md §7). */
const row = pollutionSeeds.find(({ kind }) => kind === 'pollution.aqi-condition')!.value as PollutionRowValue<'pollution.aqi-condition'>;

function followed(aqis: (number | null)[], start: VnLevel | null = null): (VnLevel | null)[] {
  let level = start;
  return aqis.map((_, at) => (level = conditionLevel(level, aqis.slice(0, at + 1), row)));
}

test.each<[string, (number | null)[], (VnLevel | null)[]]>([
  ['one hour above is not enough', [151, 149, 151, 149], [null, null, null, null]],
  ['at the level is not above it', [150, 150, 150], [null, null, null]],
  ['two hours above enter it', [151, 151], [null, 'unhealthy']],
  ['it holds between the levels and the deadband', [151, 151, 150, 148, 146], [null, 'unhealthy', 'unhealthy', 'unhealthy', 'unhealthy']],
  ['one hour at the deadband is not enough to leave it', [151, 151, 145, 146, 145], [null, 'unhealthy', 'unhealthy', 'unhealthy', 'unhealthy']],
  ['two hours at the deadband leave it', [151, 151, 145, 145], [null, 'unhealthy', 'unhealthy', null]],
  ['straight to the highest that both hours stand for', [310, 205, 210], [null, 'very-unhealthy', 'very-unhealthy']],
  ['up by steps and down by steps', [160, 160, 210, 210, 190, 190, 140, 140], [null, 'unhealthy', 'unhealthy', 'very-unhealthy', 'very-unhealthy', 'unhealthy', 'unhealthy', null]],
  ['an hour without an index breaks the run', [160, null, 160, 160], [null, null, null, 'unhealthy']],
  ['and leaves the level as it is, however long', [160, 160, null, null, 100, null, 100, 100], [null, 'unhealthy', 'unhealthy', 'unhealthy', 'unhealthy', 'unhealthy', 'unhealthy', null]],
  ['from the top down at once', [400, 400, 20, 20], [null, 'hazardous', 'hazardous', null]],
])('%s', (_, aqis, levels) => {
  expect(followed(aqis)).toEqual(levels);
});

test('a level that the row does not name any more is none', () => {
  expect(conditionLevel('moderate', [20, 20], row)).toBeNull();
});
