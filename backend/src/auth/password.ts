import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { verifyPassword as verifyScrypt } from "better-auth/crypto";
import { AppError } from "../errors.ts";

/** OWASP's first choice of parameters: 19 MiB, two passes, one lane. */
const parameters = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };
const prefix = `$argon2id$v=19$m=${parameters.memory},t=${parameters.passes},p=${parameters.parallelism}$`;
const argon2Async = promisify(argon2);

export interface Passwords {
  /** PHC string. Rejects with `unavailable` when too many hashes wait already. */
  hash(password: string): Promise<string>;
  verify(input: { hash: string; password: string }): Promise<boolean>;
  /** True for a hash that is not of today's algorithm and parameters. */
  needsRehash(hash: string): boolean;
}

/**
 * Argon2id through Node's own thread pool, at most `concurrency` at a time: a burst of sign-ins queues here instead of
 * starving everything else of threads and memory. Hashes of Better-auth's default scrypt still verify.
 */
export function createPasswords({ concurrency }: { concurrency: number }): Passwords {
  // A few seconds of work: who comes later is told so, instead of waiting for an answer nobody waits for.
  const maxWaiting = 64 * concurrency;
  let running = 0;
  const waiting: (() => void)[] = [];

  async function limited<T>(work: () => Promise<T>): Promise<T> {
    if (running >= concurrency) {
      if (waiting.length >= maxWaiting)
        throw new AppError("unavailable", "Too many sign-ins at the moment", { retryAfter: 5 });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      // The slot goes straight to the next in line, so `running` changes only when nobody waits.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  }

  const derive = (password: string, nonce: Buffer): Promise<Buffer> =>
    limited(() => argon2Async("argon2id", { message: password.normalize("NFKC"), nonce, ...parameters }));

  return {
    async hash(password) {
      const nonce = randomBytes(16);
      const tag = await derive(password, nonce);
      return `${prefix}${encode(nonce)}$${encode(tag)}`;
    },
    async verify({ hash, password }) {
      if (!hash.startsWith(prefix)) return limited(() => verifyScrypt({ hash, password })).catch(isNoHash);
      const [nonce, tag] = hash.slice(prefix.length).split("$");
      if (!nonce || !tag) return false;
      const expected = Buffer.from(tag, "base64");
      const actual = await derive(password, Buffer.from(nonce, "base64"));
      return actual.length === expected.length && timingSafeEqual(actual, expected);
    },
    needsRehash: (hash) => !hash.startsWith(prefix),
  };
}

/** What is stored is no hash of any kind: nothing matches it. */
function isNoHash(error: unknown): false {
  if (error instanceof AppError) throw error;
  return false;
}

const encode = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");
