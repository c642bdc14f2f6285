/** A generator as its user sees it: a child process, and a promise per request. */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer, GeneratorSpec, Request, Sample, Statistics } from './generator-words.js';
import { repository } from './places.js';

export class GeneratorProcess {
  private next = 0;
  private readonly waiting = new Map<number, { resolve(statistics: Statistics): void; reject(error: Error): void }>();
  /** Called with the messages sampled since the last call, in order. */
  onSamples: (samples: readonly Sample[]) => void = () => undefined;

  private constructor(
    private readonly child: ChildProcess,
    readonly spec: GeneratorSpec,
  ) {
    child.on('message', (answer) => this.hear(answer as Answer));
    child.on('exit', (code, signal) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`the generator ended (${signal ?? code})`));
      this.waiting.clear();
    });
  }

  static start(spec: GeneratorSpec): GeneratorProcess {
    const file = join(repository, 'dist/test/support/generator.js');
    if (!existsSync(file)) throw new Error('The generator is not built: npm run build');
    const child = fork(file, { serialization: 'advanced', execArgv: ['--max-semi-space-size=32'], env: cleanEnvironment() });
    child.send({ spec });
    return new GeneratorProcess(child, spec);
  }

  get pid(): number {
    return this.child.pid!;
  }

  ask(request: Request): Promise<Statistics> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      if (this.child.exitCode !== null || !this.child.connected) {
        reject(new Error('the generator has ended'));
        return;
      }
      this.waiting.set(id, { resolve, reject });
      this.child.send({ id, request });
    });
  }

  /** Waits for everything to be acknowledged, but not forever: a message that never is, is a finding, not a hang. */
  async settle(deadlineMs: number): Promise<{ settled: boolean; statistics: Statistics }> {
    const settled = this.ask({ do: 'settle' });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), deadlineMs)));
    const statistics = await Promise.race([settled, late]);
    clearTimeout(timer);
    if (statistics !== null) return { settled: true, statistics };
    settled.catch(() => undefined);
    return { settled: false, statistics: await this.ask({ do: 'look' }) };
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    await this.ask({ do: 'end' }).catch(() => undefined);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 2000);
    await ended;
    clearTimeout(timer);
  }

  private hear(answer: Answer): void {
    if (answer.kind === 'samples') {
      this.onSamples(answer.samples);
      return;
    }
    const waiter = this.waiting.get(answer.request);
    this.waiting.delete(answer.request);
    if (answer.kind === 'done') waiter?.resolve(answer.statistics);
    else waiter?.reject(new Error(answer.error));
  }
}

/** jest's own options must not reach a child. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = process.env;
  return rest;
}
