import { asset, device, pollutionReading, simulatedRegulatoryStations } from '#contracts';
import { airAt, smogOf } from './air.js';
import { registrationOf } from './fleet.js';
import { airReading, airStations } from './pollution.js';

const seed = 1;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Hours of Hanoi in November 2026. */
const hanoi = (day: number, hour: number): number => Date.UTC(2026, 10, day) + (hour - 7) * hourMs;
const [ringRoad, lake] = [airStations[3]!, airStations[4]!];
const hours = (days: number): number[] => Array.from({ length: 24 * days }, (_, at) => hanoi(10, at));
const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test('twelve stations, eight of them regulatory, each at its own place', () => {
  expect(airStations).toHaveLength(12);
  expect(airStations.filter(({ kind }) => kind === 'analyser').map(({ id }) => id)).toEqual([...simulatedRegulatoryStations]);
  expect(new Set(airStations.map(({ longitude, latitude }) => `${longitude} ${latitude}`)).size).toBe(12);
});

test('the same station, time and seed give the same reading; another seed another', () => {
  expect(airReading(lake, hanoi(12, 8), 60, seed)).toEqual(airReading(lake, hanoi(12, 8), 60, seed));
  expect(airReading(lake, hanoi(12, 8), 60, seed)).not.toEqual(airReading(lake, hanoi(12, 8), 60, 2));
});

test('every reading of a fortnight is one of the contract, of what the station can measure', () => {
  for (const station of airStations) {
    for (const at of hours(14)) {
      const reading = airReading(station, at, 60, seed);
      expect(pollutionReading.safeParse(reading)).toMatchObject({ success: true });
      expect('o3UgM3' in reading).toBe(station.kind === 'analyser');
      expect(reading.pm25UgM3! > 0 && reading.pm25UgM3! < 400).toBe(true);
      expect(reading.pm10UgM3!).toBeGreaterThan(reading.pm25UgM3! * 0.9);
    }
  }
});

test('rush hours show beside the road, and less at the lake', () => {
  const no2 = (station: typeof lake, hour: number): number => mean(Array.from({ length: 10 }, (_, day) => airAt(station, hanoi(10 + day, hour), seed).no2UgM3));
  expect(no2(ringRoad, 8)).toBeGreaterThan(1.5 * no2(ringRoad, 14.5));
  expect(no2(ringRoad, 8)).toBeGreaterThan(1.5 * no2(lake, 8));
});

test('ozone is highest after noon and low at night', () => {
  const o3 = (hour: number): number => mean(Array.from({ length: 10 }, (_, day) => airAt(lake, hanoi(10 + day, hour), seed).o3UgM3));
  expect(o3(13)).toBeGreaterThan(2 * o3(3));
});

test('every third night is a smog episode that takes PM2.5 to about 250 µg/m³ and back', () => {
  const localDay = (ms: number): number => Math.floor((ms + 7 * hourMs) / dayMs);
  const days = Array.from({ length: 12 }, (_, at) => localDay(hanoi(10, 0)) + at);
  const thick = days.map((day) => smogOf(day, seed)).filter(({ peakUgM3 }) => peakUgM3 > 100);
  expect(thick).toHaveLength(4);
  for (const { startMs, endMs } of thick) {
    const around = Array.from({ length: 40 }, (_, at) => airAt(airStations[0]!, startMs - 2 * hourMs + at * hourMs, seed).pm25UgM3);
    expect(Math.max(...around)).toBeGreaterThan(170);
    expect(Math.max(...around)).toBeLessThan(290);
    expect(airAt(airStations[0]!, endMs + 2 * hourMs, seed).pm25UgM3).toBeLessThan(0.6 * Math.max(...around));
  }
});

test('stations are registered with their wards, beside the detectors of traffic', () => {
  const { assets, devices } = registrationOf({ devices: 4, gateways: 0, stations: 12 });
  expect([...assets.map((one) => asset.safeParse(one)), ...devices.map((one) => device.safeParse(one))].every(({ success }) => success)).toBe(true);
  const known = new Set(assets.map(({ id }) => id));
  const stations = assets.filter(({ kind }) => kind === 'station');
  expect(stations).toHaveLength(12);
  expect(stations.every(({ zone }) => known.has(zone!))).toBe(true);
  expect(devices.filter(({ domain }) => domain === 'pollution').map(({ asset }) => asset)).toEqual(stations.map(({ id }) => id));
  expect(new Set(devices.map(({ id }) => id)).size).toBe(16);
});
