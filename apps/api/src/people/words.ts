/** The words that routes about people take and give, as schemas. */
import { id as assetId } from '#contracts';
import { roles } from '#service';
import { z } from 'zod';

export const personId = z.string('expected a name').regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'expected 1–64 small letters, digits, ".", "_" or "-", beginning with a letter or digit').meta({ example: 'lan.nguyen' });
export const role = z.enum(roles).meta({ description: 'Each may do what the one before may' });
export const areas = z.array(assetId).max(200, 'expected at most 200 assets').meta({ description: 'Ids of assets: what lies at or below them is all that the person sees; none: the whole city' });
/** Shown on screens: nothing that a terminal or a database would trip over. */
export const shownName = z.string('expected a text').regex(/^[^\p{Cc}\p{Cs}]{1,200}$/u, 'expected 1–200 printable characters');

export const instantText = z.iso.datetime();
const newSecret = { description: 'Shown this once' };

export const personView = z
  .strictObject({ id: personId, name: z.string(), role, areas: z.array(z.string()), active: z.boolean(), mustChangePassword: z.boolean(), createdAt: instantText })
  .meta({ id: 'Person' });

export const sessionView = z
  .strictObject({
    person: z.string(),
    name: z.string(),
    role,
    areas: z.array(z.string()),
    mustChangePassword: z.boolean().meta({ description: 'Somebody else knows the password: nothing else can be done until it is changed' }),
    csrf: z.string().nullable().meta({ description: 'To be sent as the header nhip-csrf with each change; null for tokens, which need none' }),
    expiresAt: instantText,
  })
  .meta({ id: 'Session' });

export const tokenView = z
  .strictObject({ id: z.int(), person: z.string(), name: z.string(), role, createdAt: instantText, expiresAt: instantText, usedAt: instantText.nullable(), revokedAt: instantText.nullable() })
  .meta({ id: 'Token' });

export const passwordView = z.strictObject({ person: z.string(), password: z.string().meta(newSecret) });
export const newTokenView = z.strictObject({ token: tokenView, secret: z.string().meta(newSecret) });
