import type { AuditLog } from "../../adapters/audit/port.ts";
import type { Cursors } from "../../adapters/cursors/port.ts";
import type { ReadsPort } from "../../adapters/reads/port.ts";
import type { CallerNow } from "../../auth/access.ts";
import type { Caller } from "../../auth/actor.ts";
import { assertVersion } from "../../db/assert-version.ts";
import type { Database } from "../../db/client.ts";
import { AppError } from "../../errors.ts";
import type { KeepAPlatformAdmin } from "./platform-users.last-admin.ts";
import { mayBePlatformAdmin } from "./platform-users.policy.ts";
import {
  changePlatformUser,
  findPlatformUser,
  listPlatformUsers,
  lockPlatformUser,
  toPlatformUser,
} from "./platform-users.rows.ts";
import type {
  PlatformUser,
  PlatformUserPage,
  PlatformUsersQuery,
  UpdatePlatformUser,
} from "./platform-users.schema.ts";

export type PlatformUsersService = ReturnType<typeof createPlatformUsersService>;

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly cursors: Cursors;
  readonly reads: ReadsPort;
  readonly keepAPlatformAdmin: KeepAPlatformAdmin;
  readonly callerNow: CallerNow;
}

/** Everybody with an account, for platform admins. A change holds on the next request of the person concerned. */
export function createPlatformUsersService({
  db,
  audit,
  cursors,
  reads,
  keepAPlatformAdmin,
  callerNow,
}: Deps) {
  return {
    /** A page of all people, newest first. */
    async list(caller: Caller, query: PlatformUsersQuery): Promise<PlatformUserPage> {
      const filter = { userId: caller.userId, q: query.q };
      const after = cursors.read("platform-users", filter, query.cursor);
      const rows = await listPlatformUsers(db, query, after);
      const page = cursors.page("platform-users", filter, rows, query.limit, (row) => row.id);
      reads.records(caller, null, page.data.length);
      return { ...page, data: page.data.map(toPlatformUser) };
    },

    /** @throws AppError `not_found` */
    async get(_caller: Caller, userId: string): Promise<PlatformUser> {
      return toPlatformUser(await findPlatformUser(db, userId));
    },

    /**
     * Gives or takes the global role. A change that changes nothing leaves the version alone.
     *
     * @param version what the client insists on having seen.
     * @throws AppError `not_found`, `precondition_failed`, `last_admin`; `invalid_state` for who may not have the role
     */
    async update(
      caller: Caller,
      userId: string,
      { globalRole }: UpdatePlatformUser,
      version: number | undefined,
    ): Promise<PlatformUser> {
      return db.transaction(async (tx) => {
        const before = await lockPlatformUser(tx, userId);
        await callerNow(tx, caller, "platform.users");
        assertVersion(before, version);
        if (globalRole === before.globalRole) return toPlatformUser(before);
        if (globalRole === null) await keepAPlatformAdmin(tx, userId);
        else if (!mayBePlatformAdmin(before))
          throw new AppError("invalid_state", "Their address is not verified, or they are banned");
        await changePlatformUser(tx, userId, { globalRole });
        await audit.record(tx, caller, {
          action: "user.global_role_changed",
          organizationId: null,
          target: { type: "user", id: userId },
          changes: { globalRole: { from: before.globalRole, to: globalRole } },
        });
        return toPlatformUser({ ...before, globalRole, version: before.version + 1 });
      });
    },
  };
}
