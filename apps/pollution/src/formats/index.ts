/** What formats that know no domain say of the air: entities of FIWARE, or values side by side. */
import { Rejected } from '#contracts';
import { type ReadingsFrom, readingsFromEntity, readingsFromSamples } from '#codecs';
import { airQualityObserved } from './air-quality-observed.js';
import { sampleTable } from './names.js';

export const pollutionReadingsFrom: ReadingsFrom = (elements, from) =>
  elements.flatMap((element) => {
    if (element instanceof Rejected) return [element];
    return element.type === null ? readingsFromSamples(element, from, sampleTable) : readingsFromEntity(element, from, airQualityObserved);
  });
