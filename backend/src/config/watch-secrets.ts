import { setTimeout as pause } from "node:timers/promises";
import type { LiveConfig } from "../live.ts";
import type { Config } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { fingerprint } from "./fingerprint.ts";
import { parseEnv } from "./parse-env.ts";
import { readValues } from "./read-values.ts";
import { isSameSnapshot, readerOf, type Snapshot, secretPaths, takeSnapshot } from "./secret-files.ts";
import { halves } from "./secret-pairs.ts";
import type { Environment } from "./variable.ts";
import { type Name, secretNames } from "./variables.ts";

/** Known of each secret in use. */
export type Fingerprints = Readonly<Partial<Record<Name, string>>>;

export interface SecretWatch extends LiveConfig {
  /** Of the secrets in use, whether they came from files or not. */
  fingerprints(): Promise<Fingerprints>;
  /** Looks every few seconds, and says what it found. */
  start(log: Log, everyMs?: number): void;
  stop(): void;
}

interface Log {
  info(details: object, text: string): void;
  warn(details: object, text: string): void;
  error(details: object, text: string): void;
}

/** Contents that stay the same for this long are whole, and belong together. */
const settleMs = 200;
/** How often the files are read. */
const pollMs = 2000;

/**
 * The configuration, taken anew whenever a secret file changes. Files are read every few seconds rather than watched:
 * bind mounts, network folders and the symbolic links that Kubernetes swaps send no reliable events. All files are
 * taken together and judged like at the start; as long as they do not hold, everything stays as it was.
 *
 * @throws ConfigError like `parseEnv`, at the start only
 */
export async function watchSecrets(source: Environment): Promise<SecretWatch> {
  const paths = secretPaths(source);
  let inUse = await takeSnapshot(paths);
  let current = parseEnv(source, readerOf(inUse));
  let refused: Snapshot | undefined;
  let looking: Promise<void> | undefined;
  const listeners: ((now: Config) => void)[] = [];
  let log: Log = { info() {}, warn() {}, error() {} };
  let timer: NodeJS.Timeout | undefined;

  const textsOf = (snapshot: Snapshot) => readValues(source, readerOf(snapshot)).texts;

  async function settled(): Promise<Snapshot> {
    let before = await takeSnapshot(paths);
    for (;;) {
      if (isSameSnapshot(before, inUse)) return before;
      await pause(settleMs);
      const after = await takeSnapshot(paths);
      if (isSameSnapshot(before, after)) return after;
      before = after;
    }
  }

  function refuse(found: Snapshot, problems: readonly string[]): void {
    refused = found;
    log.warn({ problems }, "changed secrets refused: those from before stay in use");
  }

  /** One that fails keeps what it has, and nobody else from the new ones. */
  function tell(listener: (now: Config) => void): void {
    try {
      listener(current);
    } catch (err) {
      log.error({ err }, "changed secrets not taken by a part of this process: restart it");
    }
  }

  async function look(): Promise<void> {
    const found = await settled();
    if (isSameSnapshot(found, inUse)) {
      refused = undefined;
      return;
    }
    if (refused && isSameSnapshot(found, refused)) return;
    let next: Config;
    try {
      next = parseEnv(source, readerOf(found));
    } catch (error) {
      return refuse(found, error instanceof ConfigError ? error.toString().split("\n") : ["unknown"]);
    }
    const [old, taken] = [textsOf(inUse), textsOf(found)];
    const half = halves(old, taken);
    if (half.length > 0) return refuse(found, half);
    [inUse, refused, current] = [found, undefined, next];
    for (const listener of listeners) tell(listener);
    for (const name of secretNames.filter((n) => old[n] !== taken[n]))
      log.info({ secret: name, fingerprint: await fingerprint(name, taken[name] ?? "") }, "secret changed");
  }

  function refresh(): Promise<void> {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  return {
    get current() {
      return current;
    },
    get state() {
      if (paths.length === 0) return "off";
      return refused ? "refused" : "ok";
    },
    onChange: (listener) => void listeners.push(listener),
    refresh,
    async fingerprints() {
      const texts = Object.entries(textsOf(inUse)).filter(([name]) => secretNames.includes(name as Name));
      const pairs = texts.map(async ([name, text]) => [name, await fingerprint(name, text)] as const);
      return Object.fromEntries(await Promise.all(pairs));
    },
    start(to, everyMs = pollMs) {
      log = to;
      if (paths.length === 0) return;
      const unexpected = (err: unknown) => log.warn({ err }, "secrets not looked at");
      timer = setInterval(() => refresh().catch(unexpected), everyMs).unref();
    },
    stop: () => clearInterval(timer),
  };
}
