/** What formats that know no domain say of traffic: entities of FIWARE, or values side by side. */
import { Rejected } from '#contracts';
import { type ReadingsFrom, readingsFromEntity, readingsFromSamples } from '#codecs';
import { sampleTable } from './names.js';
import { countedOnce, trafficFlowObserved } from './traffic-flow-observed.js';

export const trafficReadingsFrom: ReadingsFrom = (elements, from) =>
  countedOnce(
    elements.flatMap((element) => {
      if (element instanceof Rejected) return [element];
      return element.type === null ? readingsFromSamples(element, from, sampleTable) : readingsFromEntity(element, from, trafficFlowObserved);
    }),
  );
