/**
 * All bridges of this process, from the file to their end, and what Prometheus learns of them.
 *
 * They take from the broker once everything behind them is open, stop taking with the doors, and leave the broker only
 * when it has heard of all that Kafka has.
 */
import { Counter, Gauge, type Registry as Metrics } from 'prom-client';
import type { Registry } from '#service';
import { Bridge, type BridgeOptions } from './bridge.js';
import type { ReadBridge } from './bridge-file.js';

export class Bridges {
  private readonly bridges: readonly Bridge[];

  constructor(files: readonly ReadBridge[], options: BridgeOptions, metrics: Metrics) {
    this.bridges = files.map((file) => new Bridge(file.plan, file, options));
    if (this.bridges.length > 0) registerBridgeMetrics(metrics, this.bridges);
    options.producer.onRoom(() => this.bridges.forEach(({ reader }) => reader.resume()));
  }

  start(registry: Pick<Registry, 'client'>, log: { warn(facts: object, message: string): void }): void {
    for (const { plan, reader } of this.bridges) {
      if (registry.client(plan.gateway)?.kind !== 'gateway') log.warn({ bridge: plan.id, gateway: plan.gateway }, 'gateway of a bridge is not registered');
      reader.start();
    }
  }

  stopTaking(): void {
    for (const { reader } of this.bridges) reader.stopTaking();
  }

  async close(): Promise<void> {
    await Promise.all(this.bridges.map(({ reader }) => reader.close()));
  }
}

function registerBridgeMetrics(metrics: Metrics, bridges: readonly Bridge[]): void {
  const registers = [metrics];
  const gauge = (name: string, help: string, read: (bridge: Bridge) => number): void => {
    new Gauge({ name, help, labelNames: ['bridge'], registers, collect() { for (const bridge of bridges) this.set({ bridge: bridge.plan.id }, read(bridge)); } });
  };
  const counter = (name: string, help: string, read: (bridge: Bridge) => number): void => {
    new Counter({ name, help, labelNames: ['bridge'], registers, collect() { this.reset(); for (const bridge of bridges) this.inc({ bridge: bridge.plan.id }, read(bridge)); } });
  };
  gauge('nhip_ingest_bridge_connected', '1 while connected to the broker and subscribed', ({ reader }) => Number(reader.connected));
  gauge('nhip_ingest_bridge_in_flight', 'Messages taken from the broker and not yet durable', ({ reader }) => reader.inFlight);
  counter('nhip_ingest_bridge_connections_total', 'Connections made to the broker', ({ reader }) => reader.connections);
  counter('nhip_ingest_bridge_redelivered_total', 'Messages that the broker had sent before', ({ redelivered }) => redelivered);
  new Counter({
    name: 'nhip_ingest_bridge_messages_total',
    help: 'Messages taken from the broker by where they went: given to their domain, unproven to their domain, refused to the topic of refused messages, retained copies left out',
    labelNames: ['bridge', 'result', 'reason'],
    registers,
    collect() {
      this.reset();
      for (const { plan, counts } of bridges) for (const { result, reason, messages } of counts.values()) this.inc({ bridge: plan.id, result, reason }, messages);
    },
  });
}
