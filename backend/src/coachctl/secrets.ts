import { reencryptSecondFactors } from "../auth/reencrypt.ts";
import { generateSecrets } from "../config/generate-secrets.ts";
import { parseEnv } from "../config/parse-env.ts";
import { type Command, readFlags, withDatabase, withEmbedded } from "./command.ts";

export const generate: Command = {
  name: "secrets generate",
  usage: "secrets generate",
  summary: "Print a fresh value of every secret, ready for an environment file",
  async run(terminal) {
    readFlags(terminal, {});
    terminal.print(generateSecrets().join("\n"));
    return 0;
  },
};

export const reencrypt: Command = {
  name: "secrets reencrypt",
  usage: "secrets reencrypt   (needs BETTER_AUTH_SECRETS, all versions)",
  summary: "Move second factors to the current auth secret, before an older one leaves the ring",
  async run(terminal) {
    readFlags(terminal, {});
    const { auth } = parseEnv(withEmbedded(terminal));
    return withDatabase(terminal, async ({ db }) => {
      const { moved, lost } = await reencryptSecondFactors(db, auth.secrets);
      terminal.print(`${moved} second factors moved, ${lost} cannot be read by any secret of the ring.`);
      return lost === 0 ? 0 : 1;
    });
  },
};
