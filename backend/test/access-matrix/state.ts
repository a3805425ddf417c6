import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type postgres from "postgres";
import type { TestApp } from "../harness/app.ts";

/** Tables that a refusal may touch: the log of it, sliding expiry, counters of attempts, reads of before counted late. */
const excepted = new Set(["session", "audit_event", "audit_seal", "used_code", "anomaly_signal"]);

export interface AuditRow {
  readonly organizationId: string | null;
  readonly actorId: string | null;
  readonly result: string;
  readonly requestId: string | null;
}

/** Everything the application keeps, as text that can be compared. */
export interface StateReader {
  /** Rows by table, the ids of auth sessions, and the paths and sizes in the bucket. */
  snapshot(): Promise<Record<string, string>>;
  /** Audit events written with this request id. */
  audited(requestId: string): Promise<readonly AuditRow[]>;
}

export async function createStateReader(app: TestApp, sql: postgres.Sql): Promise<StateReader> {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`;
  const dumps = tables
    .filter(({ name }) => !excepted.has(name))
    .map(
      ({ name }) =>
        `select '${name}' as name, coalesce(string_agg(t::text, E'\\n' order by t::text), '') as rows from "${name}" t`,
    );
  dumps.push("select 'session', coalesce(string_agg(id::text, E'\\n' order by id), '') from session");
  const statement = dumps.join(" union all ");
  return {
    async snapshot() {
      const rows = await sql.unsafe<{ name: string; rows: string }[]>(statement);
      return {
        ...Object.fromEntries(rows.map(({ name, rows }) => [name, rows])),
        bucket: listing(app.config.dataDir),
      };
    },
    async audited(requestId) {
      return sql<AuditRow[]>`
        select organization_id as "organizationId", actor_id as "actorId", result, request_id as "requestId"
        from audit_event where request_id = ${requestId}`;
    },
  };
}

function listing(dataDir: string): string {
  const entries = readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(join(dataDir, "mail")))
    .map((entry) => join(entry.parentPath, entry.name));
  return entries
    .sort()
    .map((path) => `${path} ${readFileSync(path).length}`)
    .join("\n");
}
