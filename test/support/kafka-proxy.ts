/**
 * Stands between a Kafka client and the broker, sees which requests pass, and cuts, holds or refuses them.
 *
 * A client is told the broker's own address by the broker, so it must be sent here by its sockets (`client`).
 */
import '#messaging';
import kafkajs, { type Kafka } from 'kafkajs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

const { Kafka: KafkaClient, logLevel } = kafkajs;

export const apiKeys = { produce: 0, initProducerId: 22 } as const;

export interface KafkaProxy {
  /** How many requests of this kind were forwarded. */
  forwarded(apiKey: number): number;
  /** Requests of this kind that were forwarded and not yet answered: now, and the most at one time. */
  readonly produceInFlight: { now: number; max: number };
  /** What happens to a produce request: its answer is given, given later, or never since the connection is cut; or it is cut before it is forwarded. */
  onProduce: (count: number) => 'pass' | 'cut the answer' | 'cut' | Promise<void>;
  readonly connections: number;
  client(clientId: string): Kafka;
  /** Nobody is let in any more, and everybody is thrown out. */
  shut(): Promise<void>;
  open(): Promise<void>;
  close(): Promise<void>;
}

export async function kafkaProxy(broker: string): Promise<KafkaProxy> {
  const [host, brokerPort] = broker.split(':') as [string, string];
  const counts = new Map<number, number>();
  const sockets = new Set<Socket>();
  const produceInFlight = { now: 0, max: 0 };
  let produced = 0;

  const server = createServer((near) => {
    const far = connect(Number(brokerPort), host);
    sockets.add(near);
    /** By correlation id: what becomes of the answer. */
    const awaited = new Map<number, 'cut the answer' | Promise<void>>();
    const end = (): void => {
      sockets.delete(near);
      produceInFlight.now -= awaited.size;
      awaited.clear();
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', () => undefined).on('close', end);

    eachMessage(near, (message) => {
      const apiKey = message.readInt16BE(4);
      if (apiKey === apiKeys.produce) {
        const fate = proxy.onProduce(++produced);
        if (fate === 'cut') return end();
        awaited.set(message.readInt32BE(8), fate === 'pass' ? Promise.resolve() : fate);
        produceInFlight.now += 1;
        produceInFlight.max = Math.max(produceInFlight.max, produceInFlight.now);
      }
      counts.set(apiKey, (counts.get(apiKey) ?? 0) + 1);
      far.write(message);
    });
    eachMessage(far, (message) => {
      const correlationId = message.readInt32BE(4);
      const fate = awaited.get(correlationId);
      if (fate === 'cut the answer') return end();
      const answer = (): void => {
        if (awaited.delete(correlationId)) produceInFlight.now -= 1;
        if (!near.destroyed) near.write(message);
      };
      if (fate === undefined) answer();
      else void fate.then(answer);
    });
  });
  const listen = (port: number): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;

  const proxy: KafkaProxy = {
    forwarded: (apiKey) => counts.get(apiKey) ?? 0,
    produceInFlight,
    onProduce: () => 'pass',
    get connections() {
      return sockets.size;
    },
    client: (clientId) =>
      new KafkaClient({
        brokers: [broker], clientId, logLevel: logLevel.NOTHING, connectionTimeout: 1_000, retry: { retries: 8, initialRetryTime: 20, maxRetryTime: 100 },
        socketFactory: ({ onConnect }) => connect(port, '127.0.0.1', onConnect),
      }),
    async shut() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    open: () => listen(port),
    close: () => (server.listening ? proxy.shut() : Promise.resolve()),
  };
  return proxy;
}

/** Kafka's messages begin with their length. */
function eachMessage(socket: Socket, take: (message: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const size = 4 + rest.readInt32BE(0);
      take(rest.subarray(0, size));
      rest = rest.subarray(size);
    }
  });
}
