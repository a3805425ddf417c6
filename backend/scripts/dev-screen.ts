import { join } from "node:path";
import type { Config } from "../src/config/config.ts";
import { demoAccounts } from "../src/seed/demo-data.ts";

const columns = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map(
      (row) =>
        `  ${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd()}`,
    )
    .join("\n");
};

/** Everything one needs to know after a start, on one screen. */
export function screen(config: Config, database: { location: string }, seconds: number): string {
  const base = `http://localhost:${config.port}`;
  const mails =
    config.mail.driver === "file" ? join(config.dataDir, "mail") : `sent through ${config.mail.host}`;
  const files = config.storage.driver === "disk" ? `below ${config.dataDir}` : config.storage.endpoint;
  const lines = columns([
    ["API", `${base}/api/v1`],
    ["Reference", `${base}/api/v1/docs`],
    ["Health", `${base}/health`],
    ["Database", database.location],
    ["Files", files],
    ["Mails", mails],
  ]);
  const accounts = demoAccounts.map(({ email, password, role, organization }) => [
    email,
    password,
    role,
    organization,
  ]);
  const demo = config.demoData
    ? `\nDemo accounts (e-mail, password, role, organization)\n\n${columns(accounts)}\n`
    : "";
  return `\nCoaching App ${config.version} runs; started in ${seconds.toFixed(1)} s.\n\n${lines}\n${demo}\nChanges below backend/src restart it. Ctrl-C stops everything.\n`;
}
