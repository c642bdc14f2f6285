/** From a topic, and the client who publishes to it, to a partition of Kafka. */
import { codecMeant, streamTopic } from '#contracts';
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

  /** `codec`: that of the message's content type; empty: it has none. */
  to({ domain, device, stream, publisher }: PublishRight, codec: string): Route {
    const { producer, registry, topicRoot, partitions } = this.options;
    // All devices of one asset share a partition (decision 14); one that is unknown has none to share with.
    const partition = partitionOf(registry.device(device)?.rootAsset ?? device, partitions);
    const meant = this.codecOf(device, codec);
    // The domain looks up the record itself, and so follows it when it changes.
    return producer.route(streamTopic(topicRoot, domain, stream), partition, device, publisher, meant === this.codecOf(device, '') ? '' : meant);
  }

  /** The codec that a message of the device will be read by. */
  codecOf(device: string, codec: string): string {
    return codecMeant(codec, this.options.registry.device(device)?.codec ?? '');
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
