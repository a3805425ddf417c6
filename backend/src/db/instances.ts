import { randomUUID } from "node:crypto";
import type { Queryable } from "./client.ts";

export type Role = "server" | "worker";

/** A name for the connection that each process keeps open as long as it lives. */
export const instanceName = (role: Role): string => `coaching-app ${role} ${randomUUID().slice(0, 8)}`;

/** How many processes that answer requests are connected to this database. */
export async function countServers(database: Queryable): Promise<number> {
  const { rows } = await database.query<{ servers: number }>({
    name: "count_servers",
    text: `select count(distinct application_name)::int as servers from pg_stat_activity
           where datname = current_database() and application_name like 'coaching-app server %'`,
  });
  return rows[0]?.servers ?? 0;
}
