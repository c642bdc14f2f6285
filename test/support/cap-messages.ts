/** Messages as our city could send them, by chance that can be repeated: odd texts, odd geometries, all stages of a life. */
import { capCategories, capCertainties, capResponseTypes, capSeverities, capUrgencies, capStatuses, Rejected, type CapMessage } from '#contracts';
import { shapesOf, type Geometry } from '../../apps/alerts/src/cap/area.js';
import { alertOf, allClearOf, cancelOf, capIdentifier, updateOf, type CapPlace, type CapSaying, type CapWords } from '../../apps/alerts/src/cap/life.js';

type Chance = () => number;

/** What texts are made of: what XML must escape, what it cannot hold, marks that stand on others, right to left, half of a pair. */
const pieces = ['Cầu Giấy', 'ồ', 'é', ' ', '  ', '\n', '\r', '\r\n', '\t', '&', '&amp', '<', '>', ']]>', '<![', '"', "'", '--', '<?', '%', '\\', '𠀋', '😷', '\u202e', 'שלום', '\u0000', '\u0008', '\u001b', '\ufffe', '\uffff', '\ud800', '\udc00', '\u0085', '\u2028', '\u00a0', '{{x}}', '≥ 151 µg/m³', 'a < b & c > d'];

export function oddText(chance: Chance, piecesMax = 8): string {
  const count = 1 + Math.floor(chance() * piecesMax);
  const text = `x${Array.from({ length: count }, () => oneOf(chance, pieces)).join('')}`;
  // What looks like HTML is refused, and has a test of its own.
  return text.replace(/<(?=[A-Za-z/!?])/g, '< ');
}

/** A whole life: Alert, up to three Updates, then nothing, an all-clear or a Cancel. Throws where one is refused. */
export function oddLife(chance: Chance): CapMessage[] {
  let sentMs = Date.UTC(2026, 0, 1) + Math.floor(chance() * 4e10);
  const alarmId = `pollution/air-quality-level/hn-${Math.floor(chance() * 1000)}`;
  const life: CapMessage[] = [];
  const saying = (): CapSaying => oddSaying(chance, sentMs);
  const identity = (): { identifier: string; sender: string; sentMs: number } => {
    sentMs += Math.floor(chance() * 1e7);
    return { identifier: capIdentifier(alarmId, 1, life.length + 1, sentMs), sender: 'canhbao@hanoi.example.vn', sentMs };
  };
  const take = (message: CapMessage | Rejected): void => {
    if (message instanceof Rejected) throw message;
    life.push(message);
  };
  take(alertOf(saying(), identity()));
  for (let updates = Math.floor(chance() * 4); updates > 0; updates -= 1) take(updateOf(life, saying(), identity()));
  const end = chance();
  if (end < 0.3) take(allClearOf(life, saying(), identity()));
  else if (end < 0.6) take(cancelOf(life, { vi: oddText(chance), en: oddText(chance) }, identity()));
  return life;
}

function oddSaying(chance: Chance, nowMs: number): CapSaying {
  const maybe = <T>(value: () => T): T | undefined => (chance() < 0.5 ? value() : undefined);
  const some = <T>(value: () => T): T[] => Array.from({ length: Math.floor(chance() * 3) }, value);
  const named = (): { valueName: string; value: string } => ({ valueName: oddText(chance), value: chance() < 0.2 ? '' : oddText(chance) });
  const scope = oneOf(chance, ['Public', 'Restricted', 'Private'] as const);
  const effectiveMs = maybe(() => nowMs + Math.floor(chance() * 1e6));
  return {
    status: oneOf(chance, capStatuses),
    scope,
    ...(scope === 'Restricted' && { restriction: oddText(chance) }),
    ...(scope === 'Private' && { addresses: '"Sở TNMT" hn-01' }),
    ...defined({ source: maybe(() => oddText(chance)), incidents: maybe(() => oddText(chance)) }),
    code: some(() => oddText(chance)),
    category: [oneOf(chance, capCategories), oneOf(chance, capCategories)],
    responseType: some(() => oneOf(chance, capResponseTypes.filter((type) => type !== 'AllClear'))),
    urgency: oneOf(chance, capUrgencies),
    severity: oneOf(chance, capSeverities),
    certainty: oneOf(chance, capCertainties),
    ...defined({ effectiveMs, onsetMs: maybe(() => nowMs + Math.floor(chance() * 1e6)), expiresMs: maybe(() => nowMs + 2e7 + Math.floor(chance() * 1e8)) }),
    vi: oddWords(chance),
    en: oddWords(chance),
    eventCode: some(named),
    parameter: some(named),
    resource: some(() => ({ resourceDesc: oddText(chance), mimeType: 'image/png', ...defined({ size: maybe(() => Math.floor(chance() * 1e9)), digest: maybe(() => 'da39a3ee5e6b4b0d3255bfef95601890afd80709') }), uri: 'https://example.vn/bản-đồ?a=1&b="2"' })),
    places: some(() => oddPlace(chance)),
  };
}

function oddWords(chance: Chance): CapWords {
  const optional = defined({ headline: oddText(chance), description: oddText(chance, 40), instruction: oddText(chance), senderName: oddText(chance), audience: oddText(chance), contact: oddText(chance), web: 'https://example.vn/cảnh-báo?x=1&y=2' });
  return { event: oddText(chance), ...Object.fromEntries(Object.entries(optional).filter(() => chance() < 0.6)) };
}

function oddPlace(chance: Chance): CapPlace {
  return { nameVi: oddText(chance), nameEn: oddText(chance), ...shapesOf(oddGeometry(chance), 0.1 + chance() * 5), ...(chance() < 0.3 && { geocode: [{ valueName: 'GSO', value: '00004' }] }) };
}

/** Anywhere on the earth, tiny or wide; rings of chance mostly cross themselves. */
export function oddGeometry(chance: Chance): Geometry {
  const middle = [chance() * 340 - 170, chance() * 160 - 80] as const;
  const width = 10 ** (chance() * 7 - 6);
  const position = (): [number, number] => [middle[0] + (chance() - 0.5) * width, middle[1] + (chance() - 0.5) * width];
  const positions = (least: number): [number, number][] => Array.from({ length: least + Math.floor(chance() * 8) }, position);
  const star = (): [number, number][] => {
    const count = 4 + Math.floor(chance() * 20);
    return Array.from({ length: count }, (_, index) => {
      const [angle, radius] = [(2 * Math.PI * index) / count, width * (0.2 + chance())];
      return [middle[0] + radius * Math.cos(angle), middle[1] + radius * Math.sin(angle)];
    });
  };
  const ring = (): [number, number][] => (chance() < 0.5 ? star() : positions(4));
  switch (Math.floor(chance() * 5)) {
    case 0:
      return { type: 'Point', coordinates: position() };
    case 1:
      return { type: 'LineString', coordinates: positions(2) };
    case 2:
      return { type: 'MultiLineString', coordinates: [positions(2), positions(2)] };
    case 3:
      return { type: 'Polygon', coordinates: [ring(), ring()] };
    default:
      return { type: 'MultiPolygon', coordinates: [[ring()], [ring(), ring()]] };
  }
}

function oneOf<T>(chance: Chance, all: readonly T[]): T {
  return all[Math.floor(chance() * all.length)]!;
}

function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
