/** What alerts can be told from outside; every limit has a name and a unit. */
import { host, port } from '#service';
import { z } from 'zod';

export const alertsConfiguration = z.object({
  HOST: host(),
  ALERTS_HTTP_PORT: port().default(18_110),
});
export type AlertsConfiguration = z.infer<typeof alertsConfiguration>;
