/** What the simulated town can be told from outside; what it plays is said by options. */
import { port, text } from '#service';
import { z } from 'zod';

export const simulatorConfiguration = z.object({
  MQTT_PORT: port().default(18830),
  /** Where the door is; by default on this machine at MQTT_PORT. */
  MQTT_URL: text('an address such as mqtt://127.0.0.1:18830', /^mqtts?:\/\/\S{1,300}$/).optional(),
  /** Made by the mode register, or by `npm run import … --secrets-out FILE`. */
  SIMULATOR_SECRETS_FILE: text('a file of secrets by device, as npm run import --secrets-out writes it'),
});
export type SimulatorConfiguration = z.infer<typeof simulatorConfiguration>;
