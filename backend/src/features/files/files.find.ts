import { getTableColumns, type SQL, sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
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

/** What `fileJson` selects. */
interface FoundJson {
  /** By column name. */
  readonly row: Record<string, unknown>;
  /** Organizations of the caller where the uploader is active; a platform admin is nobody's colleague. */
  readonly colleagueIn: readonly string[];
}

/** Those of a deleted organization are nobody's, a platform admin's neither, until it is brought back. */
const fileJson = (id: SQL, callerId: SQL) => sql`
  select json_build_object('row', ${file}.*, 'colleagueIn', array(
      select theirs.organization_id from member theirs
      join member mine on mine.organization_id = theirs.organization_id and mine.user_id = ${callerId}
      join "user" them on them.id = theirs.user_id and them.global_role is null
      where ${file.organizationId} is null and theirs.user_id = ${file.uploadedBy} and theirs.status = 'active')
    ) as found
  from ${file} left join ${organization} on ${organization.id} = ${file.organizationId}
  where ${file.id} = ${id} and ${organization.deletedAt} is null`;

/** For the session lookup: of the file whose id is `$3`, for the user `u`. */
export const fileAlongside = new PgDialect().sqlToQuery(fileJson(sql`$3`, sql`u.id`)).sql;

export type FindAllowed = ReturnType<typeof createFindAllowed>;

/** Finds a file where `decide` allows the caller to know of it. */
export function createFindAllowed(db: Database) {
  async function findJson({ alongside, userId }: Caller, fileId: string): Promise<FoundJson | null> {
    if (alongside?.id === fileId) return alongside.row as FoundJson | null;
    const { rows } = await db.execute<{ found: FoundJson }>(fileJson(sql`${fileId}`, sql`${userId}`));
    return rows[0]?.found ?? null;
  }

  /** @throws AppError `not_found`, `suspended`, `forbidden` */
  return async (
    caller: Caller,
    fileId: string,
    decide: (row: FileRow, ownership: FileOwnership) => Decision,
  ): Promise<Found> => {
    const json = await findJson(caller, fileId);
    if (!json) throw new AppError("not_found", "Not found");
    const found = toFound(caller, json);
    enforce(decide(found.row, found.ownership), knownIn(caller, found.row.organizationId));
    return found;
  };
}

const columns = Object.entries(getTableColumns(file));

/** The row, and who owns it in the eyes of the caller. */
function toFound(caller: Caller, { row: json, colleagueIn }: FoundJson): Found {
  const fields = columns.map(([key, column]) => {
    const value = json[column.name];
    return [key, value === null ? null : column.mapFromDriverValue(value)];
  });
  const row = Object.fromEntries(fields) as FileRow;
  const colleague = caller.memberships.some(
    (membership) =>
      colleagueIn.includes(membership.organizationId) && standingOf(caller, membership) === "active",
  );
  const { target, organizationId, uploadedBy } = row;
  return { row, ownership: { target, organizationId, uploadedBy, colleague } };
}
