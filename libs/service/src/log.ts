/**
 * The log: pino JSON, one line per event, a fixed lower-case phrase and facts as fields.
 *
 * Secrets and plates are replaced by their field names, to a depth of three; passwords inside addresses (which error
 * messages like to repeat) are cut out of error texts.
 */
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

const hidden = ['password', 'passwd', 'secret', 'secrets', 'secretHash', 'token', 'authorization', 'cookie', 'plate', 'plates', 'databaseUrl', 'DATABASE_URL', 'INTERNAL_SECRET'];

export function createLog(name: string, level: LogLevel, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: { service: name, pid: process.pid },
      messageKey: 'message',
      timestamp: () => `,"at":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: hidden.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
      serializers: { err: errorFacts, error: errorFacts },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}

/** Cuts the password out of every `scheme://user:password@` in a text. */
export function withoutPasswords(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]*:)[^\s@/]+@/gi, '$1[redacted]@');
}

function errorFacts(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? withoutPasswords(error) : error;
  const { code, detail } = error as { code?: unknown; detail?: unknown };
  return {
    type: error.name,
    message: withoutPasswords(error.message),
    ...(code === undefined ? {} : { code }),
    ...(typeof detail === 'string' ? { detail: withoutPasswords(detail) } : {}),
    stack: withoutPasswords(error.stack ?? ''),
    ...(error.cause instanceof Error ? { cause: withoutPasswords(`${error.cause.name}: ${error.cause.message}`) } : {}),
  };
}
