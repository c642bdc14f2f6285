import { isLocated, measuredDataPublication, siteTablePublication } from './datex.js';
import { type ExchangeReading, laneOf } from './exchange.js';
import { trafficFlowEntities } from './traffic-flow-entities.js';

const none = { motorcycle: null, car: null, bus: null, truck: null, trailer: null, bicycle: null, other: null };
const reading: ExchangeReading = {
  device: 'loop-1', channel: 'lane-2:forward', asset: 'osm-way-7', nameVi: 'Phố Huế', nameEn: 'Hue Street', geometry: { type: 'Point', coordinates: [105.85, 21.01] }, congested: true,
  observedAtMs: Date.UTC(2026, 10, 22, 7), periodS: 60, count: 30, speedKmh: 36, occupancy: 0.125, lengthM: 4, byClass: { ...none, motorcycle: 24, car: 5, other: 1 },
};

test.each([
  ['', null, null],
  ['lane-1', 1, null],
  ['lane-2:forward', 2, 'forward'],
  ['lane-2:forward:motorcycle', 2, 'forward'],
  ['backward', null, 'backward'],
  ['lane-0', null, null],
  ['lane-2b', null, null],
  ['detector-4', null, null],
])('channel %p is lane %p, %p', (channel, number, direction) => {
  expect(laneOf(channel)).toEqual({ number, direction });
});

describe('FIWARE', () => {
  const lane = { type: 'TrafficFlowObserved', dateObserved: '2026-11-22T07:00:00Z/2026-11-22T07:01:00Z', dateObservedFrom: '2026-11-22T07:00:00Z', dateObservedTo: '2026-11-22T07:01:00Z', refRoadSegment: 'urn:ngsi-ld:RoadSegment:osm-way-7', refDevice: 'urn:ngsi-ld:Device:loop-1', congested: true, laneId: 2, laneDirection: 'forward', location: { type: 'Point', coordinates: [105.85, 21.01] } };

  test('one entity for all vehicles and one for each class; headway 60 s / 30, gap 10 m/s · 2 s − 4 m', () => {
    const id = 'urn:ngsi-ld:TrafficFlowObserved:loop-1:lane-2:forward';
    expect(trafficFlowEntities(reading)).toEqual([
      { ...lane, id, intensity: 30, occupancy: 0.125, averageVehicleSpeed: 36, averageVehicleLength: 4, averageHeadwayTime: 2, averageGapDistance: 16 },
      { ...lane, id: `${id}:motorcycle`, vehicleType: 'motorcycle', intensity: 24 },
      { ...lane, id: `${id}:car`, vehicleType: 'car', intensity: 5 },
    ]);
  });

  test('what is missing is left out', () => {
    const [entity] = trafficFlowEntities({ ...reading, channel: '', geometry: null, congested: false, count: null, speedKmh: null, lengthM: null, byClass: none });
    expect(entity).toEqual({ id: 'urn:ngsi-ld:TrafficFlowObserved:loop-1', type: lane.type, dateObserved: lane.dateObserved, dateObservedFrom: lane.dateObservedFrom, dateObservedTo: lane.dateObservedTo, refRoadSegment: lane.refRoadSegment, refDevice: lane.refDevice, congested: false, occupancy: 0.125 });
  });
});

describe('DATEX II', () => {
  /** Flow is veh/h: 30, 24, 5 and 1 in a minute. */
  test('a publication', () => {
    expect(measuredDataPublication([reading, { ...reading, device: 'cam<1', channel: '', periodS: 900, count: 7, speedKmh: null, occupancy: null, byClass: none }], Date.UTC(2026, 10, 22, 7, 2))).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<d2:payload xmlns:d2="http://datex2.eu/schema/3/d2Payload" xmlns:com="http://datex2.eu/schema/3/common" xmlns:roa="http://datex2.eu/schema/3/roadTrafficData" xmlns:loc="http://datex2.eu/schema/3/locationReferencing" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="roa:MeasuredDataPublication" lang="vi" modelBaseVersion="3">
<com:publicationTime>2026-11-22T07:02:00Z</com:publicationTime>
<com:publicationCreator><com:country>vn</com:country><com:nationalIdentifier>NHIP</com:nationalIdentifier></com:publicationCreator>
<roa:measurementSiteTableReference targetClass="roa:MeasurementSiteTable" id="NHIP-TRAFFIC" version="1"/>
<roa:headerInformation><com:informationStatus>real</com:informationStatus></roa:headerInformation>
<roa:siteMeasurements>
<roa:measurementSiteReference targetClass="roa:MeasurementSite" id="loop-1/lane-2:forward" version="1"/>
<roa:physicalQuantity index="1"><roa:physicalQuantity xsi:type="roa:SinglePhysicalQuantity"><roa:basicData xsi:type="roa:TrafficFlow"><roa:vehicleFlow numberOfInputValuesUsed="30"><com:vehicleFlowRate>1800</com:vehicleFlowRate></roa:vehicleFlow></roa:basicData></roa:physicalQuantity></roa:physicalQuantity>
<roa:physicalQuantity index="2"><roa:physicalQuantity xsi:type="roa:SinglePhysicalQuantity"><roa:basicData xsi:type="roa:TrafficSpeed"><roa:averageVehicleSpeed numberOfInputValuesUsed="30"><com:speed>36</com:speed></roa:averageVehicleSpeed></roa:basicData></roa:physicalQuantity></roa:physicalQuantity>
<roa:physicalQuantity index="3"><roa:physicalQuantity xsi:type="roa:SinglePhysicalQuantity"><roa:basicData xsi:type="roa:TrafficConcentration"><roa:occupancy><com:percentage>12.5</com:percentage></roa:occupancy></roa:basicData></roa:physicalQuantity></roa:physicalQuantity>
<roa:physicalQuantity index="4"><roa:physicalQuantity xsi:type="roa:SinglePhysicalQuantity"><roa:basicData xsi:type="roa:TrafficFlow"><roa:forVehiclesWithCharacteristicsOf><com:vehicleType>motorcycle</com:vehicleType></roa:forVehiclesWithCharacteristicsOf><roa:vehicleFlow numberOfInputValuesUsed="24"><com:vehicleFlowRate>1440</com:vehicleFlowRate></roa:vehicleFlow></roa:basicData></roa:physicalQuantity></roa:physicalQuantity>
<roa:physicalQuantity index="5"><roa:physicalQuantity xsi:type="roa:SinglePhysicalQuantity"><roa:basicData xsi:type="roa:TrafficFlow"><roa:forVehiclesWithCharacteristicsOf><com:vehicleType>car</com:vehicleType></roa:forVehiclesWithCharacteristicsOf><roa:vehicleFlow numberOfInputValuesUsed="5"><com:vehicleFlowRate>300</com:vehicleFlowRate></roa:vehicleFlow></roa:basicData></roa:physicalQuantity></roa:physicalQuantity>
<roa:physicalQuantity index="10"><roa:physicalQuantity xsi:type="roa:SinglePhysicalQuantity"><roa:basicData xsi:type="roa:TrafficFlow"><roa:forVehiclesWithCharacteristicsOf><com:vehicleType>other</com:vehicleType></roa:forVehiclesWithCharacteristicsOf><roa:vehicleFlow numberOfInputValuesUsed="1"><com:vehicleFlowRate>60</com:vehicleFlowRate></roa:vehicleFlow></roa:basicData></roa:physicalQuantity></roa:physicalQuantity>
<roa:measurementTimeDefault><roa:timeValue>2026-11-22T07:00:00Z</roa:timeValue><roa:period><com:startOfPeriod>2026-11-22T07:00:00Z</com:startOfPeriod><com:endOfPeriod>2026-11-22T07:01:00Z</com:endOfPeriod></roa:period></roa:measurementTimeDefault>
</roa:siteMeasurements>
<roa:siteMeasurements>
<roa:measurementSiteReference targetClass="roa:MeasurementSite" id="cam&#60;1" version="1"/>
<roa:physicalQuantity index="1"><roa:physicalQuantity xsi:type="roa:SinglePhysicalQuantity"><roa:basicData xsi:type="roa:TrafficFlow"><roa:vehicleFlow numberOfInputValuesUsed="7"><com:vehicleFlowRate>28</com:vehicleFlowRate></roa:vehicleFlow></roa:basicData></roa:physicalQuantity></roa:physicalQuantity>
<roa:measurementTimeDefault><roa:timeValue>2026-11-22T07:00:00Z</roa:timeValue><roa:period><com:startOfPeriod>2026-11-22T07:00:00Z</com:startOfPeriod><com:endOfPeriod>2026-11-22T07:15:00Z</com:endOfPeriod></roa:period></roa:measurementTimeDefault>
</roa:siteMeasurements>
</d2:payload>
`);
  });

  test('the table of sites: what each index means, where they are; without a location there is no site', () => {
    const of = (index: number, type: string, vehicles: string): string => `<roa:measurementSpecificCharacteristics index="${index}"><roa:measurementSpecificCharacteristics><roa:specificMeasurementValueType>${type}</roa:specificMeasurementValueType><roa:specificVehicleCharacteristics><com:vehicleType>${vehicles}</com:vehicleType></roa:specificVehicleCharacteristics></roa:measurementSpecificCharacteristics></roa:measurementSpecificCharacteristics>`;
    const table = siteTablePublication([reading, { ...reading, device: 'cam-1', channel: '', nameVi: 'Q&A', nameEn: 'Q&A', geometry: { type: 'LineString', coordinates: [[105, 21], [105.5, 21.5], [106, 22]] } }, { ...reading, geometry: null }], 0);
    expect(table.slice(table.indexOf('<roa:headerInformation>'))).toBe(`<roa:headerInformation><com:informationStatus>real</com:informationStatus></roa:headerInformation>
<roa:measurementSiteTable id="NHIP-TRAFFIC" version="1">
<roa:measurementSite id="loop-1/lane-2:forward" version="1">
<roa:measurementSiteName><com:values><com:value lang="vi">Phố Huế (lane-2:forward)</com:value><com:value lang="en">Hue Street (lane-2:forward)</com:value></com:values></roa:measurementSiteName>
${[of(1, 'trafficFlow', 'anyVehicle'), of(2, 'trafficSpeed', 'anyVehicle'), of(3, 'trafficConcentration', 'anyVehicle'), of(4, 'trafficFlow', 'motorcycle'), of(5, 'trafficFlow', 'car'), of(6, 'trafficFlow', 'bus'), of(7, 'trafficFlow', 'lorry'), of(8, 'trafficFlow', 'articulatedVehicle'), of(9, 'trafficFlow', 'bicycle'), of(10, 'trafficFlow', 'other')].join('\n')}
<roa:measurementSiteLocation xsi:type="loc:PointLocation"><loc:pointByCoordinates><loc:pointCoordinates><loc:latitude>21.01</loc:latitude><loc:longitude>105.85</loc:longitude></loc:pointCoordinates></loc:pointByCoordinates></roa:measurementSiteLocation>
</roa:measurementSite>
<roa:measurementSite id="cam-1" version="1">
<roa:measurementSiteName><com:values><com:value lang="vi">Q&#38;A</com:value><com:value lang="en">Q&#38;A</com:value></com:values></roa:measurementSiteName>
${[of(1, 'trafficFlow', 'anyVehicle'), of(2, 'trafficSpeed', 'anyVehicle'), of(3, 'trafficConcentration', 'anyVehicle'), of(4, 'trafficFlow', 'motorcycle'), of(5, 'trafficFlow', 'car'), of(6, 'trafficFlow', 'bus'), of(7, 'trafficFlow', 'lorry'), of(8, 'trafficFlow', 'articulatedVehicle'), of(9, 'trafficFlow', 'bicycle'), of(10, 'trafficFlow', 'other')].join('\n')}
<roa:measurementSiteLocation xsi:type="loc:PointLocation"><loc:pointByCoordinates><loc:pointCoordinates><loc:latitude>21.5</loc:latitude><loc:longitude>105.5</loc:longitude></loc:pointCoordinates></loc:pointByCoordinates></roa:measurementSiteLocation>
</roa:measurementSite>
</roa:measurementSiteTable>
</d2:payload>
`);
    expect([null, { type: 'Polygon', coordinates: [] }].map((geometry) => isLocated({ ...reading, geometry }))).toEqual([false, false]);
  });
});
