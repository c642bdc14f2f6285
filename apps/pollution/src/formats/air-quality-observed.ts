/** FIWARE AirQualityObserved to a reading: one entity is one moment of a station. */
import type { EntityForm } from '#codecs';
import { airQualityTable } from './names.js';

export const airQualityObserved: EntityForm = {
  type: 'AirQualityObserved',
  table: airQualityTable,
  complete() {
    return null;
  },
};
