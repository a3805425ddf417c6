import { v7 as uuidv7 } from "uuid";
import type { TestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";

export const logOf = (organizationId: string) => `/api/v1/organizations/${organizationId}/audit-events`;
export const platformLog = "/api/v1/platform/audit-events";

interface Written {
  readonly organizationId: string | null;
  readonly action?: string;
  readonly actorId?: string;
  readonly result?: "allowed" | "denied";
  /** Only the tables' owner may say when. */
  readonly at?: Date;
  readonly changes?: Record<string, unknown>;
}

/** Writes an event past the API; the answer is its id. */
export async function write(sql: TestApp["deps"]["database"]["sql"], event: Written) {
  const {
    organizationId,
    action = "note.created",
    actorId = null,
    result = "allowed",
    at = new Date(),
  } = event;
  const id = event.at ? uuidv7({ msecs: at.getTime() }) : uuidv7();
  await sql`
    insert into audit_event (id, at, organization_id, action, actor_type, actor_id, result, changes)
    values (${id}, ${at}, ${organizationId}, ${action}, ${actorId ? "user" : "system"}, ${actorId}, ${result},
      ${event.changes ? sql.json(event.changes as never) : null})`;
  return id;
}

/** Every event of a list, page by page, and how many pages it took. */
export async function readAll(app: TestApp, token: string, path: string, limit = 100) {
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  const events: any[] = [];
  let pages = 0;
  let cursor = "";
  do {
    const joint = path.includes("?") ? "&" : "?";
    const { status, json, text } = await call(app, "GET", `${path}${joint}limit=${limit}${cursor}`, {
      token,
    });
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
    events.push(...json.data);
    pages += 1;
    cursor = json.page.nextCursor && `&cursor=${encodeURIComponent(json.page.nextCursor)}`;
  } while (cursor);
  return { events, pages };
}

/** The lines of an export, the last one apart. */
export async function readExport(app: TestApp, token: string, path: string) {
  const { status, headers, text } = await call(app, "GET", path, { token });
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  return { headers, events: lines.slice(0, -1), last: lines.at(-1) };
}
