/** Wards as assets: rights by area rest on them. */
import type { Asset } from '#contracts';

export function wardId(ward: string): string {
  return `hn-ward-${withoutMarks(ward).toLowerCase().replaceAll(/[^a-z]+/g, '-')}`;
}

export function wardAsset(ward: string): Asset {
  return { id: wardId(ward), kind: 'zone', parent: null, nameVi: `Phường ${ward}`, nameEn: `${withoutMarks(ward)} ward`, geometry: null, zone: null, roadClass: null, lanes: null, lengthM: null, freeFlowKmh: null, timeZone: 'Asia/Ho_Chi_Minh' };
}

function withoutMarks(name: string): string {
  return name.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll('Đ', 'D').replaceAll('đ', 'd');
}
