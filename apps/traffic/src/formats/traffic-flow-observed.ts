/**
 * FIWARE TrafficFlowObserved to readings: one entity is one reading, of the channel that lane, direction and vehicle type
 * name together (`lane-1:forward:motorcycle`). So a batch with one entity for each class becomes channels.
 */
import { Rejected, type VehicleClass } from '#contracts';
import { type EntityForm, type Fields, refused } from '#codecs';
import { trafficFlowTable } from './names.js';

/** `vehicleType` of the data model, to our classes. */
const classOf: Readonly<Record<string, VehicleClass>> = {
  agriculturalVehicle: 'other', bicycle: 'bicycle', bus: 'bus', minibus: 'bus', car: 'car', caravan: 'other', tram: 'other', tanker: 'truck',
  carWithCaravan: 'car', carWithTrailer: 'car', lorry: 'truck', moped: 'motorcycle', motorcycle: 'motorcycle', motorcycleWithSideCar: 'motorcycle',
  motorscooter: 'motorcycle', trailer: 'trailer', van: 'car', constructionOrMaintenanceVehicle: 'other', trolley: 'other', binTrolley: 'other',
  sweepingMachine: 'other', cleaningTrolley: 'other',
};

export const trafficFlowObserved: EntityForm = {
  type: 'TrafficFlowObserved',
  table: trafficFlowTable,
  complete(reading, attribute) {
    const [lane, direction, type] = [attribute('laneId'), attribute('laneDirection'), attribute('vehicleType')];
    const laneNumber = lane === null || lane === '' ? null : Number(lane);
    if (laneNumber !== null && !(Number.isInteger(laneNumber) && laneNumber >= 1 && laneNumber <= 64)) return refused('laneId', 'expected a whole number, 1 to 64');
    if (direction !== null && direction !== 'forward' && direction !== 'backward') return refused('laneDirection', 'expected "forward" or "backward"');
    if (type !== null && !(typeof type === 'string' && Object.hasOwn(classOf, type))) return refused('vehicleType', `expected one of ${Object.keys(classOf).join(', ')}`);
    reading['channel'] = [laneNumber === null ? null : `lane-${laneNumber}`, direction, type].filter((part) => part !== null).join(':');
    if (type !== null && typeof reading['count'] === 'number') reading['countByClass'] = { [classOf[type as string]!]: reading['count'] };
    return null;
  },
};

const classSuffix = new RegExp(`(?:^|:)(?:${Object.keys(classOf).join('|')})$`);

/** Entities for all vehicles of a lane and for its classes, in one message: the segment's sums would count them twice, so the former is refused. */
export function countedOnce(readings: readonly (Fields | Rejected)[]): readonly (Fields | Rejected)[] {
  const place = ({ channel, observedAt }: Fields, ofLane = String(channel ?? '')): string => `${ofLane} ${String(observedAt)}`;
  const classified = new Set(readings.flatMap((one) => (one instanceof Rejected || !classSuffix.test(String(one['channel'])) ? [] : [place(one, String(one['channel']).replace(classSuffix, ''))])));
  if (classified.size === 0) return readings;
  return readings.map((one) => (one instanceof Rejected || !classified.has(place(one)) ? one : refused('vehicleType', 'expected either one entity for all vehicles of a lane or one for each class: both would count twice')));
}
