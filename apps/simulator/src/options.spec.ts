import { progressLine } from './progress.js';
import { csv, geoJson } from './registration-files.js';
import { simulatorOptions } from './options.js';

describe('options', () => {
  it('plays the named stretches once a minute by default, after the last day', () => {
    expect(simulatorOptions([])).toEqual({ devices: 72, stations: 12, gateways: 0, periodS: 60, seed: 1, backfillMs: 86_400_000 });
  });

  it('understands all it offers', () => {
    expect(simulatorOptions(['--devices', '600', '--stations', '4', '--gateways', '3', '--rate', '20', '--seed', '7', '--backfill', '8d'])).toEqual({ devices: 600, stations: 4, gateways: 3, periodS: 30, seed: 7, backfillMs: 8 * 86_400_000 });
    expect(simulatorOptions(['--period', '5', '--backfill', '90m'])).toMatchObject({ periodS: 5, backfillMs: 5_400_000 });
  });

  const refused = [
    ['a fraction of a device', ['--devices', '1.5'], '--devices: expected a whole number'],
    ['more stations than there are', ['--stations', '13'], '--stations: expected a whole number, 0 to 12'],
    ['more gateways than devices', ['--devices', '2', '--gateways', '3'], '--gateways: expected a whole number, 0 to 2'],
    ['more than one reading a second from a device', ['--devices', '10', '--rate', '100'], '--rate: with 10 devices'],
    ['two words for the same', ['--period', '5', '--rate', '1'], 'exclude each other'],
    ['a duration without unit', ['--backfill', '8'], '--backfill: expected a duration'],
    ['more past than the door takes', ['--backfill', '31d'], 'at most 30d'],
    ['an option that is not there', ['--speed', '1'], "Unknown option '--speed'"],
  ] as const;
  it.each(refused)('refuses %s with a sentence', (_, args, sentence) => {
    expect(() => simulatorOptions(args)).toThrow(sentence);
  });
});

describe('registration files', () => {
  it('quotes what needs it, and leaves null empty', () => {
    expect(csv(['id', 'name', 'replay'], [{ id: 'a', name: 'Láng, "Hạ"', replay: true }, { id: 'b', name: null, replay: false }])).toBe('id,name,replay\r\na,"Láng, ""Hạ""",true\r\nb,,false\r\n');
  });

  it('writes features with the fields of an asset, without those that are null', () => {
    const text = geoJson([{ id: 's', kind: 'station', parent: null, nameVi: 'Vọng', nameEn: 'Vong', geometry: { type: 'Point', coordinates: [105.8, 21] }, zone: null, roadClass: 'arterial', lanes: 2, lengthM: null, freeFlowKmh: 48, timeZone: 'Asia/Ho_Chi_Minh' }]);
    expect(JSON.parse(text)).toEqual({
      type: 'FeatureCollection',
      features: [{ type: 'Feature', id: 's', geometry: { type: 'Point', coordinates: [105.8, 21] }, properties: { id: 's', kind: 'station', nameVi: 'Vọng', nameEn: 'Vong', roadClass: 'arterial', lanes: 2, freeFlowKmh: 48, timeZone: 'Asia/Ho_Chi_Minh' } }],
    });
  });
});

describe('progress', () => {
  it.each([
    [0, 10, 'replay [..............................] 0 %  x'],
    [5, 10, 'replay [###############...............] 50 %  x'],
    [12, 10, 'replay [##############################] 100 %  x'],
    [0, 0, 'replay [##############################] 100 %  x'],
  ])('%d of %d', (done, all, line) => {
    expect(progressLine('replay', done, all, 'x')).toBe(line);
  });
});
