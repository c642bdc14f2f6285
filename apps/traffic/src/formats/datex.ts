/**
 * Readings as a MeasuredDataPublication of DATEX II version 3 (CEN/TS 16157-5), in XML, and their sites as a
 * MeasurementSiteTablePublication.
 *
 * Each channel is a measurement site `<device>` or `<device>/<channel>`, and an index means the same at every one of them:
 * 1 flow of all vehicles, 2 their speed, 3 occupancy, 4 and on the flow of one class each, in the order of our classes. A
 * value that is missing is left out; flow is veh/h, since DATEX II has no counts.
 */
import { vehicleClasses, type VehicleClass } from '#contracts';
import { flowVehH } from '../derived.js';
import { classCounts, type ExchangeReading, instant } from './exchange.js';

export const siteTable = 'NHIP-TRAFFIC';

const namespaces = {
  d2: 'http://datex2.eu/schema/3/d2Payload',
  com: 'http://datex2.eu/schema/3/common',
  roa: 'http://datex2.eu/schema/3/roadTrafficData',
  loc: 'http://datex2.eu/schema/3/locationReferencing',
  xsi: 'http://www.w3.org/2001/XMLSchema-instance',
};

/** VehicleTypeEnum of DATEX II. */
const vehicleTypes: Readonly<Record<VehicleClass, string>> = {
  motorcycle: 'motorcycle', car: 'car', bus: 'bus', truck: 'lorry', trailer: 'articulatedVehicle', bicycle: 'bicycle', other: 'other',
};
const firstClassIndex = 4;

/** The document; `publishedAtMs` is its time of publication. The schema asks for at least one reading. */
export function measuredDataPublication(readings: readonly ExchangeReading[], publishedAtMs: number): string {
  return publication('MeasuredDataPublication', publishedAtMs, [
    `<roa:measurementSiteTableReference targetClass="roa:MeasurementSiteTable" id="${siteTable}" version="1"/>`,
    '<roa:headerInformation><com:informationStatus>real</com:informationStatus></roa:headerInformation>',
    ...readings.map(siteMeasurements),
  ]);
}

/** The sites of these readings with what each index means. The schema asks for a location, so sites without one are left out, and for at least one site. */
export function siteTablePublication(readings: readonly ExchangeReading[], publishedAtMs: number): string {
  return publication('MeasurementSiteTablePublication', publishedAtMs, [
    '<roa:headerInformation><com:informationStatus>real</com:informationStatus></roa:headerInformation>',
    `<roa:measurementSiteTable id="${siteTable}" version="1">`,
    ...readings.flatMap(measurementSite),
    '</roa:measurementSiteTable>',
  ]);
}

/** Whether the site table can hold it. */
export function isLocated({ geometry }: ExchangeReading): boolean {
  return middleOf(geometry) !== null;
}

function publication(type: string, publishedAtMs: number, content: readonly string[]): string {
  const declared = Object.entries(namespaces).map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`).join('');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<d2:payload${declared} xsi:type="roa:${type}" lang="vi" modelBaseVersion="3">`,
    `<com:publicationTime>${instant(publishedAtMs)}</com:publicationTime>`,
    '<com:publicationCreator><com:country>vn</com:country><com:nationalIdentifier>NHIP</com:nationalIdentifier></com:publicationCreator>',
    ...content,
    '</d2:payload>',
    '',
  ].join('\n');
}

function measurementSite(reading: ExchangeReading): readonly string[] {
  const { channel, nameVi, nameEn, geometry } = reading;
  const middle = middleOf(geometry);
  if (middle === null) return [];
  const named = (lang: string, name: string): string => `<com:value lang="${lang}">${escaped(channel === '' ? name : `${name} (${channel})`)}</com:value>`;
  const characteristics = [
    characteristic(1, 'trafficFlow', 'anyVehicle'),
    characteristic(2, 'trafficSpeed', 'anyVehicle'),
    characteristic(3, 'trafficConcentration', 'anyVehicle'),
    ...vehicleClasses.map((name, index) => characteristic(firstClassIndex + index, 'trafficFlow', vehicleTypes[name])),
  ];
  return [
    `<roa:measurementSite id="${escaped(siteOf(reading))}" version="1">`,
    `<roa:measurementSiteName><com:values>${named('vi', nameVi)}${named('en', nameEn)}</com:values></roa:measurementSiteName>`,
    ...characteristics,
    `<roa:measurementSiteLocation xsi:type="loc:PointLocation"><loc:pointByCoordinates><loc:pointCoordinates><loc:latitude>${middle[1]}</loc:latitude><loc:longitude>${middle[0]}</loc:longitude></loc:pointCoordinates></loc:pointByCoordinates></roa:measurementSiteLocation>`,
    '</roa:measurementSite>',
  ];
}

function characteristic(index: number, type: string, vehicleType: string): string {
  return `<roa:measurementSpecificCharacteristics index="${index}"><roa:measurementSpecificCharacteristics><roa:specificMeasurementValueType>${type}</roa:specificMeasurementValueType><roa:specificVehicleCharacteristics><com:vehicleType>${vehicleType}</com:vehicleType></roa:specificVehicleCharacteristics></roa:measurementSpecificCharacteristics></roa:measurementSpecificCharacteristics>`;
}

/** A point, or of a line the point in the middle of its list. Null: neither. */
function middleOf(geometry: unknown): readonly [longitude: number, latitude: number] | null {
  const { type, coordinates } = (geometry ?? {}) as { readonly type?: string; readonly coordinates?: unknown };
  if (type === 'Point') return coordinates as [number, number];
  if (type !== 'LineString') return null;
  const points = coordinates as readonly [number, number][];
  return points[Math.floor(points.length / 2)]!;
}

function siteOf({ device, channel }: ExchangeReading): string {
  return channel === '' ? device : `${device}/${channel}`;
}

function siteMeasurements(reading: ExchangeReading): string {
  const { observedAtMs, periodS, count, speedKmh, occupancy } = reading;
  const flow = flowVehH(count, periodS);
  const quantities = [
    flow === null ? '' : quantity(1, 'TrafficFlow', flowValue(flow, count!)),
    speedKmh === null ? '' : quantity(2, 'TrafficSpeed', `<roa:averageVehicleSpeed${inputs(count)}><com:speed>${number(speedKmh)}</com:speed></roa:averageVehicleSpeed>`),
    occupancy === null ? '' : quantity(3, 'TrafficConcentration', `<roa:occupancy><com:percentage>${number(100 * occupancy)}</com:percentage></roa:occupancy>`),
    ...classCounts(reading).map(([name, ofClass]) => quantity(firstClassIndex + vehicleClasses.indexOf(name), 'TrafficFlow', `<roa:forVehiclesWithCharacteristicsOf><com:vehicleType>${vehicleTypes[name]}</com:vehicleType></roa:forVehiclesWithCharacteristicsOf>${flowValue(flowVehH(ofClass, periodS)!, ofClass)}`)),
  ];
  return [
    '<roa:siteMeasurements>',
    `<roa:measurementSiteReference targetClass="roa:MeasurementSite" id="${escaped(siteOf(reading))}" version="1"/>`,
    ...quantities.filter((text) => text !== ''),
    `<roa:measurementTimeDefault><roa:timeValue>${instant(observedAtMs)}</roa:timeValue><roa:period><com:startOfPeriod>${instant(observedAtMs)}</com:startOfPeriod><com:endOfPeriod>${instant(observedAtMs + periodS * 1000)}</com:endOfPeriod></roa:period></roa:measurementTimeDefault>`,
    '</roa:siteMeasurements>',
  ].join('\n');
}

function quantity(index: number, type: string, content: string): string {
  return `<roa:physicalQuantity index="${index}"><roa:physicalQuantity xsi:type="roa:SinglePhysicalQuantity"><roa:basicData xsi:type="roa:${type}">${content}</roa:basicData></roa:physicalQuantity></roa:physicalQuantity>`;
}

/** VehiclesPerHour is a whole number. */
function flowValue(flow: number, count: number): string {
  return `<roa:vehicleFlow${inputs(count)}><com:vehicleFlowRate>${Math.round(flow)}</com:vehicleFlowRate></roa:vehicleFlow>`;
}

function inputs(count: number | null): string {
  return count === null ? '' : ` numberOfInputValuesUsed="${count}"`;
}

function number(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
