/** What pollution can be told from outside: what every domain can. */
import { domainConfiguration } from '#domain';

export const pollutionConfiguration = domainConfiguration('pollution', 18_102);
