import { createHash } from "node:crypto";
import { Redis } from "ioredis";
import { readTextFile } from "../config/parse-env.ts";
import { readSettings } from "../config/read-settings.ts";
import { withRedisPassword } from "../config/values/redis-url.ts";
import type { Environment } from "../config/variable.ts";
import type { SecretFile } from "./secret-file.ts";

/** What Redis keeps of a password, and takes in its place: so none is in a command, which its monitor would show. */
const digestOf = (password: string): string => `#${createHash("sha256").update(password).digest("hex")}`;

/** An answer of Redis may quote what it was sent; its first word says what kind of refusal it is. */
function kindOf(error: unknown): string {
  const { code, message = "" } = error as { code?: string; message?: string };
  return code ?? message.split(" ")[0] ?? "unknown";
}

async function as(url: string, password: string, work: (redis: Redis, user: string) => Promise<unknown>) {
  const redis = new Redis(withRedisPassword(url, password), {
    lazyConnect: true,
    connectTimeout: 10_000,
    commandTimeout: 10_000,
    retryStrategy: () => null,
  });
  let lost: Error | undefined;
  redis.on("error", (error) => {
    lost ??= error;
  });
  try {
    await redis.connect();
    await work(redis, String(await redis.call("ACL", "WHOAMI")));
  } catch (error) {
    throw new Error(`Redis refused (${kindOf(lost ?? error)})`);
  } finally {
    redis.disconnect();
  }
}

function urlOf(environment: Environment): string {
  const { REDIS_URL: url } = readSettings(environment, readTextFile, "development").settings;
  if (!url) throw new Error("REDIS_URL is needed");
  return url;
}

interface Change {
  readonly environment: Environment;
  readonly file: SecretFile;
  /** What the file has. */
  readonly old: string;
  readonly next: string;
  readonly breach: boolean;
  /** Resolves when servers had the time to read the file. */
  readonly settle: () => Promise<void>;
}

/**
 * Gives the user of Redis another password, signed in as that user. The new one is good beside the old one until
 * servers have read it; in a breach it is good alone at once, and whoever is connected has to sign in again.
 *
 * @throws Error when Redis did not take it; the file is then as before. Or when it did not let go of the old one
 */
export async function changeRedisPassword({ environment, file, old, next, breach, settle }: Change) {
  const url = urlOf(environment);
  await as(url, old, (redis, user) => redis.call("ACL", "SETUSER", user, digestOf(next)));
  file.replace(old, next);
  if (!breach) await settle();
  // What another run wrote would go with all others.
  file.assertHas(next);
  // Signed in with the new one: only then the others go, those that a run before left behind as well.
  const alone = as(url, next, async (redis, user) => {
    await redis.call("ACL", "SETUSER", user, "resetpass", digestOf(next));
    if (breach) await redis.call("CLIENT", "KILL", "USER", user, "SKIPME", "yes");
  });
  await alone.catch((error: Error) => {
    throw new Error(
      `${error.message}: the new one is in the file, and the old one still good. Run this again`,
    );
  });
}
