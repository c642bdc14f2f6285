/**
 * What we ask of the messages that we send, beside what CAP asks of everybody's: times in +07:00, Vietnamese first and
 * English second, plain text, an all-clear that is an Update (alarms.md §9).
 */
import { complaintOf, complaintText, capMessage, fieldName, instantMs, Rejected, type CapInfo, type CapMessage, type Complaint } from '#contracts';
import { polygonComplaint } from './polygons.js';

/** In this order; others may follow, each once. */
export const ownLanguages = ['vi-VN', 'en'] as const;

/** The message, if it may be sent; else which element is wrong and what was expected. */
export function checkedOwn(message: CapMessage): CapMessage | Rejected {
  const parsed = capMessage.safeParse(message);
  const complaint = parsed.success ? ownComplaint(parsed.data) : complaintOf(parsed.error);
  return complaint === null ? message : new Rejected('invalid', complaintText(complaint));
}

function ownComplaint(message: CapMessage): Complaint | null {
  return timeComplaint(message) ?? languageComplaint(message) ?? clearComplaint(message) ?? polygonComplaint(message) ?? markupComplaint(message, []);
}

function timeComplaint({ sent, info = [] }: CapMessage): Complaint | null {
  const times = info.flatMap((one, index) => (['effective', 'onset', 'expires'] as const).map((name): [string, string | undefined] => [`info[${index}].${name}`, one[name]]));
  const wrong = [['sent', sent] as const, ...times].find(([, time]) => time !== undefined && !time.endsWith('+07:00'));
  if (wrong !== undefined) return { field: wrong[0], expected: `expected the offset +07:00, found ${wrong[1]}` };
  const over = info.findIndex(({ expires }) => expires !== undefined && instantMs(expires) <= instantMs(sent));
  return over < 0 ? null : { field: `info[${over}].expires`, expected: `expected later than sent, ${sent}` };
}

function languageComplaint({ msgType, info = [] }: CapMessage): Complaint | null {
  if (info.length === 0) return msgType === 'Alert' || msgType === 'Update' ? { field: 'info', expected: `expected one in ${ownLanguages.join(' and one in ')}` } : null;
  const wrong = ownLanguages.findIndex((language, index) => info[index]?.language !== language);
  if (wrong >= 0) return { field: `info[${wrong}].language`, expected: `expected ${ownLanguages[wrong]}, found ${info[wrong]?.language ?? 'nothing'}` };
  const twice = info.findIndex(({ language }, index) => info.findIndex((other) => other.language === language) < index);
  return twice < 0 ? null : { field: `info[${twice}].language`, expected: `expected each language once, found ${info[twice]!.language} again` };
}

/** Whoever reads "all clear" must find by its references what is clear, and that it is over. */
function clearComplaint({ msgType, info = [] }: CapMessage): Complaint | null {
  const isClear = (one: CapInfo): boolean => one.responseType?.includes('AllClear') === true;
  const at = info.findIndex(isClear);
  if (at < 0) return null;
  if (msgType !== 'Update') return { field: 'msgType', expected: `expected Update with the response AllClear, found ${msgType}` };
  const pressing = info.findIndex((one) => isClear(one) && one.urgency !== 'Past');
  return pressing < 0 ? null : { field: `info[${pressing}].urgency`, expected: `expected Past with the response AllClear, found ${info[pressing]!.urgency}` };
}

const markup = /<(?:\/?[A-Za-z]|[!?])[^<>]*>|&(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[\da-f]+);/i;

/** Texts are plain: what a browser would take for HTML is shown as it stands by all other receivers. */
function markupComplaint(value: unknown, path: readonly (string | number)[]): Complaint | null {
  if (typeof value === 'string') {
    const found = markup.exec(value)?.[0];
    return found === undefined ? null : { field: fieldName(path), expected: `expected plain text without HTML, found ${JSON.stringify(found.slice(0, 40))}` };
  }
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const complaint = markupComplaint(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    if (complaint !== null) return complaint;
  }
  return null;
}
