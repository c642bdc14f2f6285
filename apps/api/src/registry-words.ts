/** The words that routes about assets, devices and gateways take and give, as schemas, and how a change is put together. */
import { asset, complaintOf, complaintText, device, gateway, id, type Complaint } from '#contracts';
import { problem } from '#service';
import { z } from 'zod';
import { complaintsAboutTexts } from './import-row.js';

export const idParams = z.strictObject({ id });
export const clientParams = z.strictObject({ id });

export const assetView = asset.meta({ id: 'Asset' });
const secretsInForce = z.int().min(0).meta({ description: 'How many secrets open the door for it; 0: it cannot come in' });
export const deviceView = z.strictObject({ ...device.shape, secretsInForce }).meta({ id: 'Device' });
export const gatewayView = z.strictObject({ ...gateway.shape, secretsInForce }).meta({ id: 'Gateway' });
export const secretView = z.strictObject({ client: z.string(), secret: z.string().meta({ description: 'Shown this once' }) });

/** The same fields, all of which may be absent; the id stays. An absent field must not become its default. */
export function changeOf<S extends z.ZodRawShape>(whole: z.ZodObject<S>) {
  const fields = Object.entries(whole.shape).filter(([name]) => name !== 'id');
  return z.strictObject(Object.fromEntries(fields.map(([name, schema]) => [name, (schema instanceof z.ZodDefault ? (schema.unwrap() as z.ZodType) : (schema as z.ZodType)).optional()])));
}

/** What is there with what is to change, once it holds as a whole. Throws 422 with the field. */
export function changed<T extends object>(whole: z.ZodType<T>, before: T, change: object): T {
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const result = whole.safeParse({ ...before, ...given });
  if (!result.success) throw wrong(complaintOf(result.error));
  return holds(result.data);
}

/** The value, if its texts are such as a database keeps and a screen shows. */
export function holds<T extends object>(value: T): T {
  const [complaint] = complaintsAboutTexts(value);
  if (complaint !== undefined) throw wrong(complaint);
  return value;
}

function wrong(complaint: Complaint): Error {
  return problem(422, 'invalid', { detail: complaintText(complaint), field: complaint.field, expected: complaint.expected.replace(/^expected /, '') });
}
