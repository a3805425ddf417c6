import { eq, sql } from "drizzle-orm";
import type { AuditLog } from "../../adapters/audit/port.ts";
import type { Cursors } from "../../adapters/cursors/port.ts";
import type { ReadsPort } from "../../adapters/reads/port.ts";
import { type CallerNow, isFresh, membershipIn } from "../../auth/access.ts";
import type { Caller } from "../../auth/actor.ts";
import { enforce } from "../../auth/enforce.ts";
import { assertVersion } from "../../db/assert-version.ts";
import type { Database, Transaction } from "../../db/client.ts";
import { member } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import type { KeepAnAdmin } from "./members.last-admin.ts";
import { changeVerdict, grantsAdmin, readVerdict } from "./members.policy.ts";
import { findMember, listMembers, lockMember, type MemberRow, toMember } from "./members.rows.ts";
import type { Member, MemberPage, MembersQuery, UpdateMember } from "./members.schema.ts";

export type MembersService = ReturnType<typeof createMembersService>;

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly cursors: Cursors;
  readonly reads: ReadsPort;
  readonly keepAnAdmin: KeepAnAdmin;
  readonly callerNow: CallerNow;
}

type State = Pick<MemberRow, "role" | "status">;

/** Who belongs to an organization. All that changes here holds on the next request of the person concerned. */
export function createMembersService({ db, audit, cursors, reads, keepAnAdmin, callerNow }: Deps) {
  /** Writes a new state, unless the organization would be left without an active org_admin. */
  async function move(
    tx: Transaction,
    caller: Caller,
    before: MemberRow,
    to: State,
    action: string,
  ): Promise<Member> {
    const isAdmin = ({ role, status }: State) => role === "org_admin" && status === "active";
    if (isAdmin(before) && !isAdmin(to)) await keepAnAdmin(tx, before.organizationId, before.userId);
    const { role, status } = to;
    await tx
      .update(member)
      .set({ role, status, updatedAt: sql`now()`, version: sql`${member.version} + 1` })
      .where(eq(member.id, before.id));
    await audit.record(tx, caller, {
      action,
      organizationId: before.organizationId,
      target: { type: "member", id: before.id },
      changes: {
        ...(role !== before.role && { role: { from: before.role, to: role } }),
        ...(status !== before.status && { status: { from: before.status, to: status } }),
      },
    });
    return toMember({ ...before, role, status, version: before.version + 1 });
  }

  return {
    /** A page of those the caller may know of, newest first. */
    async list(caller: Caller, organizationId: string, query: MembersQuery): Promise<MemberPage> {
      const { role, status, q, limit, cursor } = query;
      const filter = { organizationId, userId: caller.userId, role, status, q };
      const after = cursors.read("members", filter, cursor);
      const rows = await listMembers(db, caller, organizationId, query, after);
      const page = cursors.page("members", filter, rows, limit, (row) => row.id);
      reads.records(caller, organizationId, page.data.length);
      return { ...page, data: page.data.map(toMember) };
    },

    /**
     * @returns the member, and whether the version alone tells its content: name and address belong to the person,
     *   who may have changed them since.
     * @throws AppError `not_found`, `forbidden`
     */
    async get(
      caller: Caller,
      organizationId: string,
      memberId: string,
    ): Promise<{ found: Member; isCurrent: boolean }> {
      const row = await findMember(db, caller, organizationId, memberId);
      enforce(readVerdict(caller, row));
      return { found: toMember(row), isCurrent: row.profileUpdatedAt <= row.updatedAt };
    },

    /**
     * Role and status. A change that changes nothing leaves the version alone.
     *
     * @param version what the client insists on having seen.
     * @throws AppError `not_found`, `forbidden`, `step_up_required`, `precondition_failed`, `last_admin`
     */
    async update(
      caller: Caller,
      organizationId: string,
      memberId: string,
      changes: UpdateMember,
      version: number | undefined,
    ): Promise<Member> {
      return db.transaction(async (tx) => {
        const before = await lockMember(tx, caller, organizationId, memberId);
        const current = await callerNow(tx, caller, "member.manage", organizationId);
        enforce(changeVerdict(current, before, changes));
        if (grantsAdmin(before, changes) && !isFresh(caller))
          throw new AppError("step_up_required", "Show your credential again: POST /api/v1/me/step-up");
        assertVersion(before, version);
        const to = { role: changes.role ?? before.role, status: changes.status ?? before.status };
        if (to.role === before.role && to.status === before.status) return toMember(before);
        return move(tx, caller, before, to, "member.updated");
      });
    },

    /**
     * Ends the membership and deletes nothing of theirs.
     *
     * @throws AppError `not_found`, `forbidden`, `precondition_failed`, `last_admin`
     */
    async remove(
      caller: Caller,
      organizationId: string,
      memberId: string,
      version: number | undefined,
    ): Promise<void> {
      await db.transaction(async (tx) => {
        const before = await lockMember(tx, caller, organizationId, memberId);
        enforce(changeVerdict(await callerNow(tx, caller, "member.manage", organizationId), before));
        assertVersion(before, version);
        await move(tx, caller, before, { role: before.role, status: "removed" }, "member.removed");
      });
    },

    /** @throws AppError `not_found` for who has left meanwhile, `precondition_failed`, `last_admin` */
    async leave(caller: Caller, organizationId: string, version: number | undefined): Promise<Member> {
      const memberId = membershipIn(caller, organizationId)?.memberId;
      if (!memberId) throw new AppError("not_found", "Not found");
      return db.transaction(async (tx) => {
        const before = await lockMember(tx, caller, organizationId, memberId);
        assertVersion(before, version);
        return move(tx, caller, before, { role: before.role, status: "removed" }, "member.left");
      });
    },
  };
}
