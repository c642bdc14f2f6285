/**
 * An answer written piece by piece as fast as the caller takes it, and no longer than a deadline: whoever leaves, or never
 * finishes, holds no connection of the database. Its head goes out with the first full piece, so that what fails before
 * is an error with its status.
 */
import { once } from 'node:events';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

export interface SlowAnswer {
  /** Resolves when the next piece may come; rejects once nobody waits for it. */
  write(text: string): Promise<void>;
}

const pieceCharacters = 65_536;

/** Runs `work`; a failure after the first piece ends the connection, so that nobody takes a part for the whole. */
export async function answerSlowly(response: ServerResponse, headers: OutgoingHttpHeaders, deadlineMs: number, work: (answer: SlowAnswer) => Promise<void>): Promise<void> {
  const over = new AbortController();
  const left = (): void => over.abort(new Error('the caller has left'));
  const deadline = setTimeout(() => over.abort(new Error(`not taken within ${deadlineMs} ms`)), deadlineMs);
  response.once('close', left);
  let held = '';
  const flush = async (): Promise<void> => {
    over.signal.throwIfAborted();
    if (!response.headersSent) response.writeHead(200, headers);
    const taken = response.write(held);
    held = '';
    if (!taken) await once(response, 'drain', { signal: over.signal });
  };
  try {
    await work({
      async write(text) {
        held += text;
        if (held.length >= pieceCharacters) await flush();
      },
    });
    await flush();
    response.end();
  } catch (error) {
    if (!over.signal.aborted) throw error;
    response.destroy();
  } finally {
    clearTimeout(deadline);
    response.off('close', left);
  }
}
