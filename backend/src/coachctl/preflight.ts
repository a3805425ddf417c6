import { createMail } from "../adapters/mail/create.ts";
import { createStorage } from "../adapters/storage/create.ts";
import { checkPublicEndpoint } from "../adapters/storage/public-check.ts";
import { formatPreflight, type Probes, preflight } from "../config/preflight.ts";
import { createDatabase, type DatabaseClient } from "../db/client.ts";
import { isSuperuser } from "../db/roles.ts";
import { schemaState } from "../db/schema-state.ts";
import { type Command, readFlags, withEmbedded } from "./command.ts";

export const runPreflight: Command = {
  name: "preflight",
  usage: "preflight",
  summary: "Check every demand of production, line by line",
  async run(terminal) {
    readFlags(terminal, {});
    const lines = await preflight(withEmbedded(terminal), probes);
    terminal.print(formatPreflight(lines));
    const failed = lines.filter(({ ok }) => !ok).length;
    terminal.print(`\n${lines.length - failed} pass, ${failed} fail.`);
    return failed === 0 ? 0 : 1;
  },
};

async function ask(url: string, question: (database: DatabaseClient) => Promise<void>): Promise<void> {
  const database = createDatabase(url, { max: 1 });
  await question(database).finally(() => database.close());
}

async function using<T extends { check(): Promise<void>; close(): Promise<void> }>(part: T): Promise<void> {
  await part.check().finally(() => part.close());
}

const probes: Probes = {
  databaseRole: ({ database }) =>
    ask(database.url, async (client) => {
      if (await isSuperuser(client)) throw new Error("it is a superuser: connect as coaching_app");
    }),
  schema: ({ database }) =>
    ask(database.url, async (client) => {
      if ((await schemaState(client)) === "behind")
        throw new Error("it is behind this release: run `coachctl migrate`");
    }),
  storage: (config) => using(createStorage(config)),
  publicStorage: checkPublicEndpoint,
  mail: (config) => using(createMail(config)),
};
