/** Asks the database now and then whether it answers, so that `/readyz` says so before a person finds out. */
import type { Service } from '#service';
import type { Database } from '#timeseries';

const everyMs = 5_000;

export function watchDatabase(db: Database, { health, log, onStop }: Service): void {
  let asking = false;
  let away = false;

  const ask = async (): Promise<void> => {
    if (asking) {
      away = true; // No answer since the last time.
    } else {
      asking = true;
      const error = await db.query('select 1').then(() => null, String);
      asking = false;
      if (error !== null && !away) log.warn({ error }, 'database away');
      away = error !== null;
    }
    health.report('database', !away, away ? 'does not answer' : '');
  };

  void ask();
  const timer = setInterval(() => void ask(), everyMs);
  onStop('database health', () => clearInterval(timer));
}
