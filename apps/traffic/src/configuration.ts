/** What traffic can be told from outside: what every domain can. */
import { domainConfiguration } from '#domain';

export const trafficConfiguration = domainConfiguration('traffic', 18_101);
