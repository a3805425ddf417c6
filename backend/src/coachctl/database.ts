import pg from "pg";
import { databaseUrls } from "../config/database-urls.ts";
import { migrate } from "../db/migrate.ts";
import { type Plan, planMigrations } from "../db/migration-plan.ts";
import { type Command, readFlags, withEmbedded } from "./command.ts";

export const migrateDatabase: Command = {
  name: "migrate",
  usage:
    "migrate [--plan]   (connects by DATABASE_OWNER_URL; --plan: say what would be done, and change nothing)",
  summary: "Bring the schema up to date",
  async run(terminal) {
    const flags = readFlags(terminal, { plan: { type: "boolean", default: false } });
    const { ownerUrl } = databaseUrls(withEmbedded(terminal));
    if (!ownerUrl)
      throw new Error("DATABASE_OWNER_URL is needed: migrations run as the owner, coaching_owner");
    if (flags.plan) {
      const plan = await readPlan(ownerUrl);
      terminal.print(describe(plan).join("\n"));
      return narrowing(plan).length === 0 ? 0 : 1;
    }
    await migrate({ ownerUrl });
    terminal.print("The schema is up to date.");
    return 0;
  },
};

async function readPlan(ownerUrl: string): Promise<Plan> {
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query("set default_transaction_read_only = on");
    return await planMigrations(client);
  } finally {
    await client.end();
  }
}

const narrowing = ({ isFirst, pending }: Plan) =>
  isFirst ? [] : pending.flatMap(({ steps }) => steps.filter(({ narrows }) => narrows));

function describe(plan: Plan): string[] {
  const { isFirst, pending } = plan;
  if (pending.length === 0) return ["The schema is up to date: nothing to do."];
  const lines = pending.flatMap(({ name, steps }) => {
    const kinds = Map.groupBy(steps, ({ kind }) => kind);
    const counts = [...kinds].map(([kind, { length }]) => `${length} ${kind}`).join(", ");
    const narrow = isFirst ? [] : steps.filter(({ narrows }) => narrows);
    return [
      `${name}: ${counts}`,
      ...narrow.map(({ statement, narrows }) => `  NOT EXPAND-ONLY  ${shorten(statement)}: ${narrows}`),
    ];
  });
  return [...lines, summary(plan)];
}

const shorten = (text: string): string => (text.length > 160 ? `${text.slice(0, 160)}…` : text);

function summary(plan: Plan): string {
  const count = `${plan.pending.length} to run, in one transaction.`;
  if (plan.isFirst) return `${count} The database is new.`;
  return narrowing(plan).length === 0
    ? `${count} All of it only expands: servers of the release before may go on.`
    : `${count} Stop all servers of the release before first.`;
}
