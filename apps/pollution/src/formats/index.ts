/** What formats that know no domain say of the air: an entity of FIWARE, or values side by side. */
import { type ReadingsFrom, readingsFromEntity, readingsFromSamples } from '#codecs';
import { airQualityObserved } from './air-quality-observed.js';
import { sampleTable } from './names.js';

export const pollutionReadingsFrom: ReadingsFrom = (values, from) => (values.type === null ? readingsFromSamples(values, from, sampleTable) : readingsFromEntity(values, from, airQualityObserved));
