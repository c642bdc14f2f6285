/**
 * Reduces a log of single vehicles to the sums of its period.
 *
 * The mean speed is harmonic: the mean over the road, which density and travel time need, and not over the vehicles
 * that pass a point, which is higher (Wardrop 1952). A vehicle logged with speed 0 was not measured: it did pass.
 */
import { trafficFlagBits, type LoggedVehicle, type VehicleClass } from '#contracts';

export interface VehicleSums {
  readonly count: number;
  /** Null where no vehicle has a class; a class that no vehicle had is then 0, since the detector tells classes apart. */
  readonly byClass: Record<VehicleClass, number> | null;
  readonly speedKmh: number | null;
  /** Covered time / period; null where the time of some vehicle is unknown. */
  readonly occupancy: number | null;
  readonly lengthM: number | null;
  readonly flags: number;
}

export function sumsOf(vehicles: readonly LoggedVehicle[], periodS: number): VehicleSums {
  const byClass: Record<VehicleClass, number> = { motorcycle: 0, car: 0, bus: 0, truck: 0, trailer: 0, bicycle: 0, other: 0 };
  let classified = 0;
  let measured = 0;
  let hoursPerKm = 0;
  let withLength = 0;
  let lengthSumM = 0;
  let withDuration = 0;
  let coveredMs = 0;
  let flags = 0;
  for (const vehicle of vehicles) {
    if (vehicle.class !== undefined) {
      byClass[vehicle.class] += 1;
      classified += 1;
    }
    if (typeof vehicle.speedKmh === 'number' && vehicle.speedKmh > 0) {
      measured += 1;
      hoursPerKm += 1 / vehicle.speedKmh;
    }
    if (typeof vehicle.lengthM === 'number') {
      withLength += 1;
      lengthSumM += vehicle.lengthM;
    }
    if (typeof vehicle.durationMs === 'number') {
      withDuration += 1;
      coveredMs += vehicle.durationMs;
    }
    if (vehicle.wrongWay === true) flags |= trafficFlagBits.wrong_way;
    if (vehicle.gap === true) flags |= trafficFlagBits.gap;
    if (vehicle.timeMode === 'server' || vehicle.timeMode === 'estimated') flags |= trafficFlagBits.estimated_time;
  }
  return {
    count: vehicles.length,
    byClass: classified === 0 ? null : byClass,
    speedKmh: measured === 0 ? null : measured / hoursPerKm,
    // The last vehicle may still stand there when the period ends, so the sum can pass it.
    occupancy: withDuration < vehicles.length ? null : Math.min(1, coveredMs / (periodS * 1000)),
    lengthM: withLength === 0 ? null : lengthSumM / withLength,
    flags,
  };
}
