import { createDataKeys } from "../adapters/data-keys/aes-gcm.ts";
import { countSealedJobs, reencryptJobs, type UnderKey } from "../adapters/queue/sealed-jobs.ts";
import { reencryptSecondFactors } from "../auth/reencrypt.ts";
import { parseEnv } from "../config/parse-env.ts";
import { type Command, readFlags, withDatabase, withEmbedded } from "./command.ts";

/** A line for each key that something in the queue is sealed with. */
export const linesOf = (found: readonly UnderKey[]): string[] =>
  found.map(({ version, count, unopened }) => {
    const key = version === undefined ? "no key of ours" : `data key ${version}`;
    const closed = unopened === 0 ? "" : `; DATA_KEYS does not open ${unopened} of them`;
    return `  ${count} under ${key}${closed}`;
  });

export const reencrypt: Command = {
  name: "keys reencrypt",
  usage: "keys reencrypt   (needs DATA_KEYS and BETTER_AUTH_SECRETS, all versions)",
  summary: "Move what is encrypted in the database to the current keys, before an older one leaves its ring",
  async run(terminal) {
    readFlags(terminal, {});
    const config = parseEnv(withEmbedded(terminal));
    const keys = createDataKeys(config.dataKeys);
    return withDatabase(terminal, async ({ db }) => {
      const moved = await reencryptJobs(db, keys);
      const found = await countSealedJobs(db, keys);
      terminal.print(`Mails in the queue: ${moved} moved to data key ${keys.current}. There are`);
      terminal.print(found.length === 0 ? "  none" : linesOf(found).join("\n"));
      const factors = await reencryptSecondFactors(db, config.auth.secrets);
      terminal.print(
        `Second factors: ${factors.moved} moved to the current sign-in secret, ${factors.lost} cannot be read by any secret of the ring.`,
      );
      const isDone = found.every(({ version, unopened }) => version === keys.current && unopened === 0);
      return isDone && factors.lost === 0 ? 0 : 1;
    });
  },
};
