import { type DestinationStream, type Logger, pino } from "pino";
import type { Config } from "../../config/config.ts";

const secretNames = [
  "password",
  "newPassword",
  "currentPassword",
  "token",
  "authorization",
  "cookie",
  "email",
];
const emailAddress = /[^\s@"'<>(),:;=]+@[^\s@"'<>(),:;=]+/g;
/** Drizzle's message repeats the statement with every parameter. */
const statementText = /\nparams:[\s\S]*$/;

interface Said {
  name: string;
  message: string;
  code?: unknown;
  stack?: string;
  cause?: Said;
}

/** What may be written of an error: where it came from and what kind it is, no values and no people. */
export function describeError(error: unknown): Said {
  if (!(error instanceof Error)) return { name: "NonError", message: typeof error };
  const frames = error.stack?.split("\n").filter((line) => /^\s+at /.test(line));
  return {
    name: error.name,
    message: error.message.replace(statementText, "").replace(emailAddress, "[e-mail]").slice(0, 2000),
    ...("code" in error && { code: error.code }),
    ...(frames && { stack: frames.slice(0, 20).join("\n") }),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  };
}

/**
 * Structured lines on standard output. Control characters in values are escaped by JSON: no line can be forged.
 *
 * @param traceId of what runs now; each line written meanwhile tells it
 */
export function createLog(
  { logLevel }: Pick<Config, "logLevel">,
  { destination, traceId }: { destination?: DestinationStream; traceId?: () => string | undefined } = {},
): Logger {
  const options = {
    level: logLevel,
    base: null,
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
    ...(traceId && { mixin: () => ({ traceId: traceId() }) }),
    redact: {
      paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
      censor: "[redacted]",
    },
  };
  return destination ? pino(options, destination) : pino(options);
}
