/** What a series of traffic can be asked for. */
import { vehicleClasses, type VehicleClass } from '#contracts';
import type { Metric } from '#domain';

const classNames: Record<VehicleClass, { readonly nameVi: string; readonly nameEn: string }> = {
  motorcycle: { nameVi: 'Xe máy', nameEn: 'Motorcycles' },
  car: { nameVi: 'Ô tô con', nameEn: 'Cars' },
  bus: { nameVi: 'Xe buýt', nameEn: 'Buses' },
  truck: { nameVi: 'Xe tải', nameEn: 'Trucks' },
  trailer: { nameVi: 'Xe kéo rơ moóc', nameEn: 'Trailers' },
  bicycle: { nameVi: 'Xe đạp', nameEn: 'Bicycles' },
  other: { nameVi: 'Loại khác', nameEn: 'Others' },
};

export const catalogue: readonly Metric[] = [
  { name: 'count', unit: 'vehicles', nameVi: 'Số xe', nameEn: 'Vehicles', column: 'count', rollup: { kind: 'sum', column: 'count' }, seconds: 'observed_s' },
  { name: 'speedKmh', unit: 'km/h', nameVi: 'Tốc độ', nameEn: 'Speed', column: 'speed_kmh', rollup: { kind: 'mean', sum: 'speed_sum', weight: 'speed_weight' }, seconds: 'observed_s' },
  { name: 'occupancy', unit: '', nameVi: 'Độ chiếm dụng', nameEn: 'Occupancy', column: 'occupancy', rollup: { kind: 'mean', sum: 'occupancy_sum', weight: 'occupancy_s' }, seconds: 'occupancy_s' },
  ...vehicleClasses.map((name): Metric => ({ name, unit: 'vehicles', ...classNames[name], column: name, rollup: { kind: 'sum', column: name }, seconds: 'observed_s', group: 'byClass' })),
];
