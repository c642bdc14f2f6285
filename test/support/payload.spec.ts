import { pollutionReading, trafficReading } from '#contracts';
import { airConstants, airPacket, airPayload, airValuesOf } from './air-payload.js';
import { correctionBit, publishPacket } from './packet.js';
import { readingPacket, valuesOf } from './payload.js';

function payloadOf(bytes: Buffer): Record<string, unknown> {
  return JSON.parse(bytes.subarray(bytes.indexOf('{')).toString('utf8')) as Record<string, unknown>;
}

describe('the packet of a reading', () => {
  it('holds exactly the moment and values it was patched with, whatever they are', () => {
    for (const channel of ['', 'L2']) {
      const packet = readingPacket('bench-0001', channel);
      for (let value = 0; value < 3000; value++) {
        const values = valuesOf(7, value, 40);
        const observedAtMs = Date.UTC(2026, 1, 28, 23, 59, 0) + value * 977;
        packet.patch(observedAtMs, 7, value, 40);
        const payload = payloadOf(packet.bytes);
        expect(trafficReading.safeParse(payload).success).toBe(true);
        expect(payload).toEqual({
          device: 'bench-0001',
          ...(channel === '' ? {} : { channel }),
          observedAt: new Date(observedAtMs).toISOString(),
          periodS: 60,
          count: values.count,
          speedKmh: values.speedTenths / 10,
          occupancy: values.occupancyThousandths / 1000,
          lengthM: 4.2,
          countByClass: { motorcycle: values.motorcycle, car: 10, bus: 1, truck: 1 },
        });
      }
    }
  });

  it('of the air too, with ozone missing and not 0', () => {
    for (const channel of ['', 'L2']) {
      const packet = airPacket('air-0001', channel);
      for (let value = 0; value < 3000; value++) {
        const { pm25Tenths, pm10UgM3, no2Tenths, temperatureTenths } = airValuesOf(7, value);
        const observedAtMs = Date.UTC(2026, 1, 28, 23, 59, 0) + value * 977;
        packet.patch(observedAtMs, 7, value, 40);
        const payload = payloadOf(packet.bytes);
        expect(pollutionReading.safeParse(payload).success).toBe(true);
        expect(payload).toEqual({
          device: 'air-0001', ...(channel === '' ? {} : { channel }), observedAt: new Date(observedAtMs).toISOString(), periodS: 60, o3UgM3: null,
          pm25UgM3: pm25Tenths / 10, pm10UgM3, no2UgM3: no2Tenths / 10, temperatureC: temperatureTenths / 10, ...airConstants,
        });
      }
    }
  });

  it('is about 200 bytes of payload, as the benchmark promises', () => {
    const packet = readingPacket('bench-0001', '');
    expect(packet.bytes.length - packet.packetIdAt - 2).toBeGreaterThan(185);
    expect(packet.bytes.length - packet.packetIdAt - 2).toBeLessThan(215);
  });

  it('leaves room for lengths of one, two and three bytes', () => {
    for (const size of [1, 200, 20_000]) {
      const packet = publishPacket('city/traffic/a/readings', Buffer.alloc(size, 120));
      expect(packet.subarray(-size).every((byte) => byte === 120)).toBe(true);
    }
  });
});

describe('values', () => {
  it('of a correction differ from what they correct', () => {
    for (let value = 0; value < 20_000; value++) expect(valuesOf(3, (value | correctionBit) >>> 0, 40)).not.toEqual(valuesOf(3, value, 40));
  });

  it('of the air as well, so that no correction passes for a repeat', () => {
    for (let value = 0; value < 20_000; value++) expect(airPayload.row(3, (value | correctionBit) >>> 0, 40)).not.toEqual(airPayload.row(3, value, 40));
  });

  it('go through congestion and back', () => {
    const speeds = Array.from({ length: 400 }, (_, value) => valuesOf(1, value, 20).speedTenths);
    expect(speeds.some((speed) => speed < 180)).toBe(true);
    expect(speeds.some((speed) => speed > 380)).toBe(true);
    expect(speeds.some((speed) => speed >= 230 && speed < 330)).toBe(true);
  });
});
