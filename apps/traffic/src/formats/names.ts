/** What other people's detectors call the fields of a reading of traffic, and in which units. */
import { vehicleClasses, type VehicleClass } from '#contracts';
import { fieldMap, type FieldRule, type FieldTable, type Fields } from '#codecs';

/** A detector that saw no vehicle, or could not tell, often says −1. */
const missing = [-1, -999, -9999];
const rule = (field: string, unit: string): FieldRule => ({ field, unit, missing });

const count = rule('count', 'vehicles');
const speed = rule('speedKmh', 'km/h');
const occupancy = rule('occupancy', '/');
const length = rule('lengthM', 'm');

const classNames: Readonly<Record<VehicleClass, string>> = {
  motorcycle: 'motorcycle motorcycles motorbike motorbikes xemay',
  car: 'car cars',
  bus: 'bus buses',
  truck: 'truck trucks lorry lorries',
  trailer: 'trailer trailers',
  bicycle: 'bicycle bicycles bike bikes',
  other: 'other others',
};

/** Names with a unit in them bring it along. */
export const sampleTable: FieldTable = {
  fields: fieldMap({
    'count vehicles vehicleCount intensity volume': count,
    'speed speedKmh averageSpeed meanSpeed averageVehicleSpeed': speed,
    'speedMs speedMps': { ...speed, assumed: 'm/s' },
    'speedMph': { ...speed, assumed: 'mph' },
    'occupancy occ': occupancy,
    'occupancyPct occupancyPercent': { ...occupancy, assumed: '%' },
    'length lengthM averageLength averageVehicleLength': length,
    ...Object.fromEntries(vehicleClasses.flatMap((name) => classNames[name].split(' ').flatMap((written) => [written, `${written}Count`, `countByClass.${written}`].map((one) => [one, rule(`countByClass.${name}`, 'vehicles')])))),
  }),
  byUnit: new Map([['km/h', speed], ['m/s', speed]]),
  keepRaw,
};

/** FIWARE TrafficFlowObserved. Headway and gap follow from count and speed, and are not taken. */
export const trafficFlowTable: FieldTable = {
  fields: fieldMap({ intensity: count, averageVehicleSpeed: speed, occupancy, averageVehicleLength: length }),
  byUnit: new Map(),
  keepRaw,
};

/** The reading has place for the occupancy alone; a speed in m/s can be had back from its km/h. */
function keepRaw(reading: Fields, field: string, value: number): void {
  if (field === 'occupancy') reading['occupancyRaw'] = value;
}
