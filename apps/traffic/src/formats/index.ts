/** What formats that know no domain say of traffic: an entity of FIWARE, or values side by side. */
import { type ReadingsFrom, readingsFromEntity, readingsFromSamples } from '#codecs';
import { sampleTable } from './names.js';
import { trafficFlowObserved } from './traffic-flow-observed.js';

export const trafficReadingsFrom: ReadingsFrom = (values, from) => (values.type === null ? readingsFromSamples(values, from, sampleTable) : readingsFromEntity(values, from, trafficFlowObserved));
