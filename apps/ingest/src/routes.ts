/** From a topic, and the client who publishes to it, to a partition of Kafka. */
import { streamTopic } from '#contracts';
import { type PackedProducer, partitionOf, type Route } from '#messaging';
import type { Registry } from '#service';
import { type Client, isRefusal, type PublishRight, type Refusal, rightToPublish } from './rights.js';
import type { RouteFinder } from './topic-routes.js';

export interface RoutesOptions {
  readonly producer: Pick<PackedProducer, 'route'>;
  readonly registry: Pick<Registry, 'device'>;
  /** First part of Kafka topics. */
  readonly topicRoot: string;
  readonly partitions: number;
}

export class Routes {
  /** Grows with each change of the registry, so that routes found before are looked up anew. */
  generation = 0;

  constructor(private readonly options: RoutesOptions) {}

  finderFor(client: Client): RouteFinder<Route> {
    return new ClientRoutes(this, client);
  }

  find(topic: string, client: Client, codec: string): Route | Refusal {
    const right = rightToPublish(topic, client, this.options.registry);
    return isRefusal(right) ? right : this.to(right, codec);
  }

  /** `codec` empty: that of the device's record, which the domain looks up itself. */
  to({ domain, device, stream, publisher }: PublishRight, codec: string): Route {
    const { producer, registry, topicRoot, partitions } = this.options;
    // All devices of one asset share a partition (decision 14); one that is unknown has none to share with.
    const partition = partitionOf(registry.device(device)?.rootAsset ?? device, partitions);
    return producer.route(streamTopic(topicRoot, domain, stream), partition, device, publisher, codec);
  }
}

class ClientRoutes implements RouteFinder<Route> {
  constructor(
    private readonly routes: Routes,
    private readonly client: Client,
  ) {}

  get generation(): number {
    return this.routes.generation;
  }

  find(topic: string, codec: string): Route | Refusal {
    return this.routes.find(topic, this.client, codec);
  }
}
