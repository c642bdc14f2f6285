/**
 * What a station may publish (Circular 10/2021/TT-BTNMT, articles 30 and 31; dated rows `pollution.station-grade`).
 *
 * A reference station, as all low-cost sensors are, gives concentrations and never a VN_AQI. The grade at the hour
 * decides, and a station without a row is a reference station.
 */
import type { PollutionRows, StationGrade } from '#contracts';
import { inForce } from './in-force.js';

export interface GradeFound {
  readonly grade: StationGrade;
  /** Null: no row holds. */
  readonly rowId: string | null;
}

export function gradeOf(station: string, rows: PollutionRows, atMs: number): GradeFound {
  const held = inForce(rows, 'pollution.station-grade', station, atMs);
  return { grade: held?.value ?? 'reference', rowId: held?.rowId ?? null };
}

export function mayPublishVnAqi(grade: StationGrade): boolean {
  return grade === 'regulatory';
}
