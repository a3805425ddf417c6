import { and, eq, isNull, sql } from "drizzle-orm";
import { type Decision, standingOf } from "../../auth/access.ts";
import type { Caller } from "../../auth/actor.ts";
import { enforce } from "../../auth/enforce.ts";
import type { Database } from "../../db/client.ts";
import { file, organization } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import { type FileOwnership, knownIn } from "./files.policy.ts";
import type { FileRow } from "./files.rows.ts";

interface Found {
  readonly row: FileRow;
  readonly ownership: FileOwnership;
}

export type FindAllowed = ReturnType<typeof createFindAllowed>;

/** Finds a file where `decide` allows the caller to know of it. */
export function createFindAllowed(db: Database) {
  const findFile = createFindFile(db);
  /** @throws AppError `not_found`, `suspended`, `forbidden` */
  return async (
    caller: Caller,
    fileId: string,
    decide: (row: FileRow, ownership: FileOwnership) => Decision,
  ): Promise<Found> => {
    const found = await findFile(caller, fileId);
    if (!found) throw new AppError("not_found", "Not found");
    enforce(decide(found.row, found.ownership), knownIn(caller, found.row.organizationId));
    return found;
  };
}

/**
 * Finds a file, and who owns it in the eyes of the caller, by one statement. Those of a deleted organization are nobody's,
 * a platform admin's neither, until it is brought back. It is built once: that is a good part of the time until the first
 * byte of a stream.
 */
function createFindFile(db: Database) {
  const statement = db
    .select({
      row: file,
      colleague: sql<boolean>`${file.organizationId} is null and exists (
        select 1 from member theirs
        join "user" them on them.id = theirs.user_id and them.global_role is null
        where theirs.user_id = ${file.uploadedBy} and theirs.status = 'active'
          and theirs.organization_id = any(${sql.placeholder("active")}::uuid[]))`,
    })
    .from(file)
    .leftJoin(organization, eq(organization.id, file.organizationId))
    .where(and(eq(file.id, sql.placeholder("fileId")), isNull(organization.deletedAt)))
    .prepare("find_file");

  /** @returns null when there is none */
  return async (caller: Caller, fileId: string): Promise<Found | null> => {
    const active = caller.memberships.filter((membership) => standingOf(caller, membership) === "active");
    const [found] = await statement.execute({
      fileId,
      active: active.map(({ organizationId }) => organizationId),
    });
    if (!found) return null;
    const { target, organizationId, uploadedBy } = found.row;
    return { row: found.row, ownership: { target, organizationId, uploadedBy, colleague: found.colleague } };
  };
}
