import { instantMs, Rejected, type CapMessage } from '#contracts';
import { alertOf, allClearOf, cancelOf, capIdentifier, capTime, updateOf, type CapSaying } from './life.js';
import { checkedOwn } from './own-rules.js';

const at = (clock: string): number => instantMs(`2026-01-15T${clock}+07:00`);
const alarmId = 'pollution/air-quality-level/hn-1';
const identity = (number: number, clock: string): { identifier: string; sender: string; sentMs: number } => ({ identifier: capIdentifier(alarmId, 3, number, at(clock)), sender: 'canhbao@hanoi.example.vn', sentMs: at(clock) });

const saying: CapSaying = {
  status: 'Actual', scope: 'Public', category: ['Env', 'Health'], responseType: ['Avoid'], urgency: 'Immediate', severity: 'Severe', certainty: 'Observed',
  onsetMs: at('07:00:00'), expiresMs: at('20:00:00'),
  vi: { event: 'Ô nhiễm không khí', headline: 'VN_AQI 214 tại Cầu Giấy', instruction: 'Hạn chế ra ngoài trời' },
  en: { event: 'Air pollution', headline: 'VN_AQI 214 in Cau Giay', instruction: 'Avoid being outdoors' },
  places: [{ nameVi: 'Cầu Giấy', nameEn: 'Cau Giay', circle: ['21.03,105.79 5'] }],
};

const sent = (message: CapMessage | Rejected): CapMessage => {
  if (message instanceof Rejected) throw message;
  return message;
};
const first = sent(alertOf(saying, identity(1, '08:00:00.999')));
const second = sent(updateOf([first], { ...saying, severity: 'Extreme' }, identity(2, '09:00:00')));

test('an alert has its time in +07:00 without fractions, and says everything in Vietnamese, then in English', () => {
  expect(first).toMatchObject({ identifier: 'pollution/air-quality-level/hn-1.3.1.20260115T080000', sent: '2026-01-15T08:00:00+07:00', msgType: 'Alert' });
  expect(first.info).toMatchObject([
    { language: 'vi-VN', event: 'Ô nhiễm không khí', onset: '2026-01-15T07:00:00+07:00', area: [{ areaDesc: 'Cầu Giấy' }] },
    { language: 'en', event: 'Air pollution', expires: '2026-01-15T20:00:00+07:00', area: [{ areaDesc: 'Cau Giay' }] },
  ]);
  expect(first.references).toBeUndefined();
});

test('an update has an identifier of its own and names all messages before it, the oldest first', () => {
  const third = sent(updateOf([first, second], saying, identity(3, '10:00:00')));
  expect(third.references).toBe(
    'canhbao@hanoi.example.vn,pollution/air-quality-level/hn-1.3.1.20260115T080000,2026-01-15T08:00:00+07:00 canhbao@hanoi.example.vn,pollution/air-quality-level/hn-1.3.2.20260115T090000,2026-01-15T09:00:00+07:00',
  );
  expect(new Set([first, second, third].map(({ identifier }) => identifier)).size).toBe(3);
});

test('an all-clear is an Update, past, with the response AllClear', () => {
  expect(allClearOf([first, second], saying, identity(3, '12:00:00'))).toMatchObject({ msgType: 'Update', info: [{ urgency: 'Past', responseType: ['AllClear'] }, { urgency: 'Past', responseType: ['AllClear'] }] });
});

test('a cancel withdraws, says why in both languages, and where', () => {
  const cancel = sent(cancelOf([first], { vi: 'Trạm đo bị lỗi', en: 'The station was faulty' }, identity(2, '08:30:00')));
  expect(cancel).toMatchObject({
    msgType: 'Cancel', status: 'Actual', scope: 'Public', note: 'Trạm đo bị lỗi / The station was faulty', references: expect.stringContaining('.3.1.'),
    info: [{ language: 'vi-VN', description: 'Trạm đo bị lỗi', urgency: 'Past', area: [{ areaDesc: 'Cầu Giấy' }] }, { language: 'en', description: 'The station was faulty' }],
  });
  expect(cancel.info![0]).not.toHaveProperty('instruction');
});

test('the same arguments give the same message: sent again after a crash, it is the same one', () => {
  expect(alertOf(saying, identity(1, '08:00:00.999'))).toEqual(first);
  expect(JSON.parse(JSON.stringify(second))).toEqual(second);
});

test('identifiers differ by alarm, occurrence, number and time', () => {
  const all = ['a/b/c', 'a/b/c.1', 'a/b/c.1.1'].flatMap((id) => [1, 11].flatMap((occurrence) => [1, 11].flatMap((number) => [0, 1000].map((ms) => capIdentifier(id, occurrence, number, ms)))));
  expect(new Set(all).size).toBe(all.length);
});

test('a time before 1970 or at the turn of a day is that of a clock in Hà Nội', () => {
  expect([-1, 0, Date.UTC(2025, 11, 31, 17)].map(capTime)).toEqual(['1970-01-01T06:59:59+07:00', '1970-01-01T07:00:00+07:00', '2026-01-01T00:00:00+07:00']);
});

describe('what we do not send', () => {
  const info = first.info!;
  const refusal = (message: CapMessage): string => {
    const found = checkedOwn(message);
    return found instanceof Rejected ? found.message : 'sent';
  };
  test.each<[string, CapMessage, string]>([
    ['a time of another zone', { ...first, sent: '2026-01-15T01:00:00+00:00' }, 'sent: expected the offset +07:00, found 2026-01-15T01:00:00+00:00'],
    ['an onset of another zone', { ...first, info: [info[0]!, { ...info[1]!, onset: '2026-01-15T01:00:00+00:00' }] }, 'info[1].onset: expected the offset +07:00, found 2026-01-15T01:00:00+00:00'],
    ['what is over when it is sent', { ...first, sent: '2026-01-15T20:00:00+07:00' }, 'info[0].expires: expected later than sent, 2026-01-15T20:00:00+07:00'],
    ['English first', { ...first, info: [info[1]!, info[0]!] }, 'info[0].language: expected vi-VN, found en'],
    ['Vietnamese alone', { ...first, info: [info[0]!] }, 'info[1].language: expected en, found nothing'],
    ['a language twice', { ...first, info: [...info, info[1]!] }, 'info[2].language: expected each language once, found en again'],
    ['an alert that says nothing', { ...first, info: [] }, 'info: expected one in vi-VN and one in en'],
    ['an all-clear that is no Update', { ...first, info: info.map((one) => ({ ...one, responseType: ['AllClear' as const], urgency: 'Past' as const })) }, 'msgType: expected Update with the response AllClear, found Alert'],
    ['an all-clear that presses', { ...second, info: info.map((one) => ({ ...one, responseType: ['AllClear' as const] })) }, 'info[0].urgency: expected Past with the response AllClear, found Immediate'],
    ['HTML', { ...first, info: [info[0]!, { ...info[1]!, headline: 'Stay <b class="x">inside</b>' }] }, 'info[1].headline: expected plain text without HTML, found "<b class=\\"x\\">"'],
    ['text escaped before', { ...first, info: [{ ...info[0]!, headline: 'A &amp; B' }, info[1]!] }, 'info[0].headline: expected plain text without HTML, found "&amp;"'],
    ['a polygon that crosses itself', { ...first, info: info.map((one) => ({ ...one, area: [{ areaDesc: 'x', polygon: ['0,0 1,1 0,1 1,0 0,0'] }] })) }, 'info[0].area[0].polygon[0]: expected a line that does not cross itself, found that it does after pairs 1 and 3'],
    ['an empty event', { ...first, info: [{ ...info[0]!, event: ' ' }, info[1]!] }, 'info[0].event: expected a text that is not empty'],
  ])('%s', (_, message, reason) => {
    expect(refusal(message)).toBe(`invalid: ${reason}`);
  });

  test('an update before what it is about, or about nothing', () => {
    expect(updateOf([second], saying, identity(3, '08:59:59'))).toMatchObject({ details: 'references: expected messages sent no later than this, found 2026-01-15T09:00:00+07:00' });
    expect(updateOf([], saying, identity(3, '10:00:00'))).toMatchObject({ details: 'references: expected sender,identifier,sent of the messages that this Update is about' });
    expect(cancelOf([], { vi: 'x', en: 'x' }, identity(3, '10:00:00'))).toMatchObject({ details: 'references: expected sender,identifier,sent of the messages that this Cancel is about' });
  });

  test('signs that look like HTML and are not, are sent', () => {
    expect(refusal({ ...first, info: info.map((one) => ({ ...one, headline: 'PM2.5 < 50 & NO2 > 200; a<5, 3 <-> 4; AT&T' })) })).toBe('sent');
  });
});
