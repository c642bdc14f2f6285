/**
 * Readings as a MeasuredDataPublication of DATEX II version 3 (CEN/TS 16157-5), in XML.
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
  xsi: 'http://www.w3.org/2001/XMLSchema-instance',
};

/** VehicleTypeEnum of DATEX II. */
const vehicleTypes: Readonly<Record<VehicleClass, string>> = {
  motorcycle: 'motorcycle', car: 'car', bus: 'bus', truck: 'lorry', trailer: 'articulatedVehicle', bicycle: 'bicycle', other: 'other',
};
const firstClassIndex = 4;

/** The document; `publishedAtMs` is its time of publication. */
export function measuredDataPublication(readings: readonly ExchangeReading[], publishedAtMs: number): string {
  const declared = Object.entries(namespaces).map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`).join('');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<d2:payload${declared} xsi:type="roa:MeasuredDataPublication" lang="vi" modelBaseVersion="3">`,
    `<com:publicationTime>${instant(publishedAtMs)}</com:publicationTime>`,
    '<com:publicationCreator><com:country>vn</com:country><com:nationalIdentifier>NHIP</com:nationalIdentifier></com:publicationCreator>',
    `<roa:measurementSiteTableReference targetClass="roa:MeasurementSiteTable" id="${siteTable}" version="1"/>`,
    '<roa:headerInformation><com:informationStatus>real</com:informationStatus></roa:headerInformation>',
    ...readings.map(siteMeasurements),
    '</d2:payload>',
    '',
  ].join('\n');
}

function siteMeasurements(reading: ExchangeReading): string {
  const { device, channel, observedAtMs, periodS, count, speedKmh, occupancy } = reading;
  const site = channel === '' ? device : `${device}/${channel}`;
  const flow = flowVehH(count, periodS);
  const quantities = [
    flow === null ? '' : quantity(1, 'TrafficFlow', flowValue(flow, count!)),
    speedKmh === null ? '' : quantity(2, 'TrafficSpeed', `<roa:averageVehicleSpeed${inputs(count)}><com:speed>${number(speedKmh)}</com:speed></roa:averageVehicleSpeed>`),
    occupancy === null ? '' : quantity(3, 'TrafficConcentration', `<roa:occupancy><com:percentage>${number(100 * occupancy)}</com:percentage></roa:occupancy>`),
    ...classCounts(reading).map(([name, ofClass]) => quantity(firstClassIndex + vehicleClasses.indexOf(name), 'TrafficFlow', `<roa:forVehiclesWithCharacteristicsOf><com:vehicleType>${vehicleTypes[name]}</com:vehicleType></roa:forVehiclesWithCharacteristicsOf>${flowValue(flowVehH(ofClass, periodS)!, ofClass)}`)),
  ];
  return [
    '<roa:siteMeasurements>',
    `<roa:measurementSiteReference targetClass="roa:MeasurementSite" id="${escaped(site)}" version="1"/>`,
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
