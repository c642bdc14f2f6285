/**
 * Readings as entities TrafficFlowObserved of FIWARE, key-values: one for all vehicles and one for each class that the
 * detector tells apart. `intensity` is the count of the period, not veh/h; a class that the data model does not have is
 * within all vehicles alone.
 */
import type { VehicleClass } from '#contracts';
import { gapM, headwayS } from '../derived.js';
import { classCounts, type ExchangeReading, instant, laneOf } from './exchange.js';

export interface TrafficFlowEntity {
  readonly id: string;
  readonly type: 'TrafficFlowObserved';
  readonly dateObserved: string;
  readonly [attribute: string]: unknown;
}

const vehicleTypes: Readonly<Record<VehicleClass, string | null>> = {
  motorcycle: 'motorcycle', car: 'car', bus: 'bus', truck: 'lorry', trailer: 'trailer', bicycle: 'bicycle', other: null,
};

export function trafficFlowEntities(reading: ExchangeReading): readonly TrafficFlowEntity[] {
  const all = entityOf(reading, null, reading.count, {
    occupancy: reading.occupancy,
    averageVehicleSpeed: reading.speedKmh,
    averageVehicleLength: reading.lengthM,
    averageHeadwayTime: headwayS(reading.count, reading.periodS),
    averageGapDistance: gapM(reading.speedKmh, headwayS(reading.count, reading.periodS), reading.lengthM),
  });
  const ofClasses = classCounts(reading).flatMap(([name, count]) => {
    const type = vehicleTypes[name];
    return type === null ? [] : [entityOf(reading, type, count, {})];
  });
  return [all, ...ofClasses];
}

function entityOf(reading: ExchangeReading, vehicleType: string | null, intensity: number | null, measured: Readonly<Record<string, number | null>>): TrafficFlowEntity {
  const { device, channel, asset, geometry, congested, observedAtMs, periodS } = reading;
  const [from, to] = [instant(observedAtMs), instant(observedAtMs + periodS * 1000)];
  const lane = laneOf(channel);
  const given = Object.entries({ intensity, ...measured, laneId: lane.number, laneDirection: lane.direction, vehicleType, location: geometry }).filter(([, value]) => value !== null);
  return {
    id: `urn:ngsi-ld:TrafficFlowObserved:${[device, channel, vehicleType ?? ''].filter((part) => part !== '').join(':')}`,
    type: 'TrafficFlowObserved',
    dateObserved: `${from}/${to}`,
    dateObservedFrom: from,
    dateObservedTo: to,
    refRoadSegment: `urn:ngsi-ld:RoadSegment:${asset}`,
    refDevice: `urn:ngsi-ld:Device:${device}`,
    congested,
    ...Object.fromEntries(given),
  };
}
