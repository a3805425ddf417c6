import { and, desc, eq, inArray, isNull, lt, or, type SQL, sql } from "drizzle-orm";
import type { Cursors } from "../../adapters/cursors/port.ts";
import type { ReadsPort } from "../../adapters/reads/port.ts";
import type { Actor, Caller } from "../../auth/actor.ts";
import { enforce } from "../../auth/enforce.ts";
import type { Database } from "../../db/client.ts";
import { file, organization } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import { listScope, listVerdict, organizationTargets } from "./files.list.policy.ts";
import type { FilePage, FilesQuery } from "./files.list.schema.ts";
import { knownIn } from "./files.policy.ts";
import { toFileDto } from "./files.rows.ts";
import { everyStatus } from "./files.shown.policy.ts";

export type ListFiles = ReturnType<typeof createListFiles>;

interface Deps {
  readonly db: Database;
  readonly cursors: Cursors;
  readonly reads: ReadsPort;
}

/** A page of an organization's files, newest first. */
export function createListFiles({ db, cursors, reads }: Deps) {
  /** @throws AppError `not_found`, `suspended`, `forbidden` (nothing of what is asked for is shown to this role) */
  return async (caller: Caller, query: FilesQuery): Promise<FilePage> => {
    const { organizationId, target, status, limit, cursor } = query;
    const known = knownIn(caller, organizationId);
    enforce(listVerdict(caller, organizationId), known);
    const shown = condition(caller, query);
    if (shown === null)
      throw new AppError("forbidden", "Your role does not see these", { organizationId: known ?? undefined });
    const filter = { organizationId, userId: caller.userId, target, status };
    const after = cursors.read("files", filter, cursor);
    const owner = db
      .select({ id: organization.id })
      .from(organization)
      .where(and(eq(organization.id, organizationId), isNull(organization.deletedAt)))
      .as("owner");
    const page = db
      .select()
      .from(file)
      .where(
        and(
          eq(file.organizationId, organizationId),
          shown,
          after === undefined ? undefined : lt(file.id, after),
        ),
      )
      .orderBy(desc(file.id))
      .limit(limit + 1)
      .as("page");
    // Joined, so that an organization that is not there and one without files tell themselves apart in one statement.
    const rows = await db.select().from(owner).leftJoin(page, sql`true`).orderBy(desc(page.id));
    if (rows.length === 0) throw new AppError("not_found", "Not found");
    const found = rows.flatMap((row) => row.page ?? []);
    const { data, page: position } = cursors.page("files", filter, found, limit, (row) => row.id);
    reads.records(caller, organizationId, data.length);
    return { data: data.map(toFileDto), page: position };
  };
}

/** What of the shown is asked for; null when that is nothing. */
function condition(actor: Actor, { organizationId, target, status }: FilesQuery): SQL | undefined | null {
  const asked = listScope(actor, organizationId).flatMap(({ targets, statuses }) => {
    const some = targets.filter((one) => target === undefined || one === target);
    const states = statuses.filter((one) => status === undefined || one === status);
    return some.length > 0 && states.length > 0 ? [{ some, states }] : [];
  });
  if (asked.length === 0) return null;
  // What holds for every kind is not said: an index answers the shorter question.
  return or(
    ...asked.map(({ some, states }) =>
      and(
        some.length === organizationTargets.length ? undefined : inArray(file.target, some),
        states.length === everyStatus.length ? undefined : inArray(file.status, states),
      ),
    ),
  );
}
