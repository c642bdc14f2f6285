import type { DatedRow, PollutionRows } from '#contracts';
import { gradeOf, mayPublishVnAqi } from './station-grade.js';

const row = (id: string, value: string, validFrom: string, validTo: string | null): DatedRow => ({ id, kind: 'pollution.station-grade', key: 'station-1', legalBasis: '', article: '', validFrom, validTo, value, unit: '', source: 'test', verifiedBy: null });
const rows: PollutionRows = () => [row('was', 'regulatory', '2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z'), row('lost', 'reference', '2025-01-01T00:00:00Z', null)];

test('the grade at the hour decides, and a station nobody has graded is a reference station', () => {
  const grade = (station: string, text: string) => gradeOf(station, rows, Date.parse(text));
  expect(grade('station-1', '2023-12-31T23:00:00Z')).toEqual({ grade: 'reference', rowId: null });
  expect(grade('station-1', '2024-12-31T23:00:00Z')).toEqual({ grade: 'regulatory', rowId: 'was' });
  expect(grade('station-1', '2025-01-01T00:00:00Z')).toEqual({ grade: 'reference', rowId: 'lost' });
  expect(grade('station-2', '2024-06-01T00:00:00Z')).toEqual({ grade: 'reference', rowId: null });
});

test('only a regulatory station may publish a VN_AQI', () => {
  expect([mayPublishVnAqi('regulatory'), mayPublishVnAqi('reference')]).toEqual([true, false]);
});
