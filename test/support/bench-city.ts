/** The devices, gateways and segments that a load is made of, and the generator's description of the same. */
import type { Asset, Device, Domain, Gateway } from '#contracts';
import type { City, CityPlan } from './city.js';
import type { GeneratorSpec } from './generator-words.js';

export const freeFlowKmh = 50;

export interface LoadPlan {
  /** Prefix of all names, 1–20 characters. */
  readonly prefix: string;
  readonly devices: number;
  /** At least 1: that many devices share the connection of a gateway; 0: each device connects itself. */
  readonly devicesPerGateway: number;
  readonly roadClass?: string;
  /** Traffic by default. */
  readonly domain?: Domain;
}

/** One segment (or station) and one device on it for each; those of a gateway lie in one zone, which decides the partition. */
export function loadCity({ prefix, devices, devicesPerGateway, roadClass = 'arterial', domain = 'traffic' }: LoadPlan): Pick<CityPlan, 'assets' | 'gateways' | 'devices'> {
  const group = devicesPerGateway === 0 ? 10 : devicesPerGateway;
  const zones = Math.ceil(devices / group);
  const zone = (number: number): string => `${prefix}-zone-${pad(number)}`;
  const bare = { parent: null, geometry: null, zone: null, roadClass: null, lanes: null, lengthM: null, freeFlowKmh: null, timeZone: 'Asia/Ho_Chi_Minh' };
  const assets: Asset[] = [
    ...count(zones).map((n): Asset => ({ ...bare, id: zone(n), kind: 'zone', nameVi: `Khu đo ${n}`, nameEn: `Bench zone ${n}` })),
    ...count(devices).map((n): Asset => {
      const place = { ...bare, id: placeId({ prefix, domain }, n), parent: zone(Math.floor(n / group)) };
      if (domain === 'pollution') return { ...place, kind: 'station', nameVi: `Trạm đo ${n}`, nameEn: `Bench station ${n}` };
      return { ...place, kind: 'segment', nameVi: `Đoạn đo ${n}`, nameEn: `Bench segment ${n}`, roadClass, lanes: 2, lengthM: 500, freeFlowKmh };
    }),
  ];
  const gateways: Gateway[] = devicesPerGateway === 0 ? [] : count(zones).map((n) => ({ id: gatewayId(prefix, n), nameVi: `Cổng ${n}`, nameEn: `Gateway ${n}`, asset: null }));
  return {
    assets,
    gateways,
    devices: count(devices).map((n): Device => ({
      id: deviceId(prefix, n), domain, asset: placeId({ prefix, domain }, n), codec: 'json', replay: false,
      gateway: devicesPerGateway === 0 ? null : gatewayId(prefix, Math.floor(n / group)),
    })),
  };
}

type Tuning = Partial<Pick<GeneratorSpec, 'channels' | 'window' | 'phase' | 'observedFromMs' | 'observedStepMs' | 'localAddresses' | 'connectsPerSecond'>>;

export function loadGenerator(city: Pick<City, 'mqttPort' | 'secrets'>, { prefix, devices, devicesPerGateway, domain = 'traffic' }: LoadPlan, tuning: Tuning = {}): GeneratorSpec {
  const secretOf = (client: string): string => {
    const secret = city.secrets.get(client);
    if (secret === undefined) throw new Error(`no secret for ${client}`);
    return secret;
  };
  const clients = devicesPerGateway === 0
    ? count(devices).map((n) => ({ id: deviceId(prefix, n), devices: [n] }))
    : count(Math.ceil(devices / devicesPerGateway)).map((n) => ({
        id: gatewayId(prefix, n),
        devices: count(Math.min(devicesPerGateway, devices - n * devicesPerGateway)).map((k) => n * devicesPerGateway + k),
      }));
  return {
    host: '127.0.0.1',
    port: city.mqttPort,
    domain,
    devices: count(devices).map((n) => ({ id: deviceId(prefix, n) })),
    clients: clients.map((client) => ({ ...client, secret: secretOf(client.id) })),
    channels: [''],
    window: 100,
    phase: 2_000,
    observedFromMs: null,
    observedStepMs: null,
    localAddresses: [],
    connectsPerSecond: 500,
    ...tuning,
  };
}

const count = (n: number): number[] => Array.from({ length: n }, (_, index) => index);
const pad = (n: number): string => String(n).padStart(5, '0');
/** The asset of device number `n`. */
export const placeId = ({ prefix, domain = 'traffic' }: Pick<LoadPlan, 'prefix' | 'domain'>, n: number): string => `${prefix}-${domain === 'pollution' ? 'station' : 'segment'}-${pad(n)}`;
const deviceId = (prefix: string, n: number): string => `${prefix}-${pad(n)}`;
const gatewayId = (prefix: string, n: number): string => `${prefix}-gateway-${pad(n)}`;
