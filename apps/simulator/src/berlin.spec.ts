import { asset, device, trafficReading } from '#contracts';
import { freeFlowByStation, instantsOf, readingOf, registrationOf, stationHours, stationPlaces, type StationHour } from './berlin.js';

const header = 'mq_name;tag;stunde;qualitaet;q_kfz_mq_hr;v_kfz_mq_hr;q_pkw_mq_hr;v_pkw_mq_hr;q_lkw_mq_hr;v_lkw_mq_hr';
const file = (...lines: string[]) => [header, ...lines, ''].join('\n');

describe('local time', () => {
  const cases = [
    ['an hour of winter is one ahead of UTC', 2023, 3, 1, 0, ['2023-02-28T23:00:00.000Z']],
    ['the last hour before summer time', 2023, 3, 26, 1, ['2023-03-26T00:00:00.000Z']],
    ['the hour that summer time skips', 2023, 3, 26, 2, []],
    ['the first hour of summer time', 2023, 3, 26, 3, ['2023-03-26T01:00:00.000Z']],
    ['the hour that comes twice', 2023, 10, 29, 2, ['2023-10-29T00:00:00.000Z', '2023-10-29T01:00:00.000Z']],
    ['the hour after it', 2023, 10, 29, 3, ['2023-10-29T02:00:00.000Z']],
  ] as const;
  it.each(cases)('%s', (_, year, month, day, hour, expected) => {
    expect(instantsOf('Europe/Berlin', Date.UTC(year, month - 1, day, hour)).map((at) => new Date(at).toISOString())).toEqual(expected);
  });

  it('knows Hanoi, which has no summer time', () => {
    expect(instantsOf('Asia/Ho_Chi_Minh', Date.UTC(2026, 6, 1, 7))).toEqual([Date.UTC(2026, 6, 1)]);
  });
});

describe('the file of a month', () => {
  it('gives a station hour with its time in UTC', () => {
    const { rows, bad } = stationHours(file('TE001;01.03.2023;0;1.0;169;71;144;71;25;71'));
    expect(bad).toEqual([]);
    expect(rows).toEqual([{ station: 'TE001', localDay: '2023-03-01', localHour: 0, observedAtMs: Date.parse('2023-02-28T23:00:00Z'), quality: 1, count: 169, speedKmh: 71, cars: 144, lorries: 25 }]);
  });

  it('takes -1 as missing, never as a value, and 0 as a real zero', () => {
    const [row] = stationHours(file('TE001;01.03.2023;3;1.0;0;-1;0;-1;0;-1')).rows;
    expect(row).toMatchObject({ count: 0, speedKmh: null, cars: 0, lorries: 0 });
    expect(readingOf(row!)).toEqual({ device: 'berlin-TE001', observedAt: '2023-03-01T02:00:00.000Z', periodS: 3600, count: 0, speedKmh: null, countByClass: { car: 0, truck: 0 } });
    expect(trafficReading.safeParse(readingOf(row!)).success).toBe(true);
  });

  it('passes on what contradicts itself: classes may add up to more than all', () => {
    expect(readingOf(stationHours(file('TE001;01.03.2023;3;1.0;10;50;8;50;3;50')).rows[0]!)).toMatchObject({ count: 10, countByClass: { car: 8, truck: 3 } });
  });

  const refused = [
    ['too few fields', 'TE001;01.03.2023;3;1.0;10', 'expected 10 fields'],
    ['too many fields', 'TE001;01.03.2023;3;1.0;10;50;8;50;3;50;7', 'expected 10 fields'],
    ['a name with a slash', 'TE/1;01.03.2023;3;1.0;10;50;8;50;3;50', 'mq_name'],
    ['a day in another form', 'TE001;2023-03-01;3;1.0;10;50;8;50;3;50', 'tag'],
    ['a day that does not exist', 'TE001;31.02.2023;3;1.0;10;50;8;50;3;50', 'not in the calendar'],
    ['hour 24', 'TE001;01.03.2023;24;1.0;10;50;8;50;3;50', 'stunde'],
    ['the hour that summer time skips', 'TE001;26.03.2023;2;1.0;10;50;8;50;3;50', 'summer time began'],
    ['the hour that comes twice', 'TE001;29.10.2023;2;1.0;10;50;8;50;3;50', 'summer time ended'],
    ['an empty count', 'TE001;01.03.2023;3;1.0;;50;8;50;3;50', 'q_kfz'],
    ['a count of -2', 'TE001;01.03.2023;3;1.0;-2;50;8;50;3;50', 'q_kfz'],
    ['a speed in words', 'TE001;01.03.2023;3;1.0;10;NaN;8;50;3;50', 'v_kfz'],
    ['an impossible speed', 'TE001;01.03.2023;3;1.0;10;301;8;50;3;50', '300 km/h'],
  ] as const;
  it.each(refused)('names the line that has %s, and keeps the others', (_, line, reason) => {
    const { rows, bad } = stationHours(file('TE001;01.03.2023;0;1.0;1;50;1;50;0;-1', line, 'TE001;01.03.2023;1;1.0;2;50;2;50;0;-1'));
    expect(rows.map((row) => row.count)).toEqual([1, 2]);
    expect(bad).toEqual([{ line: 3, reason: expect.stringContaining(reason) }]);
  });

  it('refuses a file with other columns', () => {
    expect(() => stationHours('detid_15;tag;stunde\n1;2;3')).toThrow('first line: expected mq_name');
  });
});

describe('registration', () => {
  const row = (station: string, localHour: number, speedKmh: number | null): StationHour => ({ station, localDay: '2023-03-01', localHour, observedAtMs: 0, quality: 1, count: 1, speedKmh, cars: 1, lorries: 0 });
  const list = 'MQ_KURZNAME,DET_NAME_NEU,DET_ID15,MQ_ID15,STRASSE,POSITION,POS_DETAIL,RICHTUNG,SPUR,annotation,LÄNGE (WGS84),BREITE (WGS84),DEINSTALLIERT';
  const places = stationPlaces([list, 'TE001,a,1,2,A115,Brücke,x,Südwest,HF_R,"rechte, erste Spur",13.19,52.43,', 'TE001,b,1,2,A115,Brücke,x,Südwest,HF_2vR,y,13.19,52.43,', 'TE015,c,1,2,Neuköllner Straße,x,y,Ost,HF_R,z,13.4,52.4,', ''].join('\n'));

  it('takes the 85th percentile of the nights by nearest rank, and no hour of the day', () => {
    const nights = [22, 23, 0, 1, 2, 3, 4].map((hour, index) => row('A', hour, 50 + index));
    expect(freeFlowByStation([...nights, row('A', 5, 200), row('A', 21, 200), row('A', 12, 200), row('A', 1, null)])).toEqual(new Map([['A', 55]]));
    expect(freeFlowByStation(Array.from({ length: 20 }, (_, index) => row('A', 1, index + 1)))).toEqual(new Map([['A', 17]]));
  });

  it('makes assets and devices that the contracts allow', () => {
    const { assets, devices } = registrationOf([row('TE001', 1, 80), row('TE015n', 12, 30), row('TE999', 1, 50)], places, 'replay-berlin');
    for (const one of assets) expect(asset.parse(one)).toEqual(one);
    for (const one of devices) expect(device.parse(one)).toMatchObject({ replay: true, gateway: 'replay-berlin', asset: one.id });
    expect(assets.map((one) => [one.id, one.roadClass, one.freeFlowKmh, one.lanes])).toEqual([
      ['berlin-TE001', 'motorway', 80, 2],
      ['berlin-TE015n', 'arterial', null, 1],
      ['berlin-TE999', 'arterial', 50, null],
    ]);
    expect(assets[1]!.geometry).toEqual({ type: 'Point', coordinates: [13.4, 52.4] });
    expect(assets[2]!.geometry).toBeNull();
  });
});
