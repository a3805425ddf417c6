import type { Caller, Role } from "../../auth/actor.ts";
import type { AppError, ErrorCode } from "../../errors.ts";
import type { InvitationsDeps } from "./invitations.deps.ts";
import {
  type BulkInvitations,
  type BulkResult,
  createInvitationSchema,
  type Invitation,
} from "./invitations.schema.ts";

type Row = BulkInvitations["invitations"][number];
type Result = BulkResult["data"][number];

interface Deps extends Pick<InvitationsDeps, "audit"> {
  readonly create: (
    caller: Caller,
    organizationId: string,
    input: { email: string; role: Role },
  ) => Promise<Invitation>;
  /** What an error of the layers below means to a caller; null for one that nobody should see explained. */
  readonly explain: (error: unknown) => AppError | null;
}

/** Refusals that leave an audit event when a route answers with them; here they are only part of an answer. */
const denials: ReadonlySet<ErrorCode> = new Set(["forbidden", "step_up_required"]);

/**
 * Invites up to 200 people, each in a transaction of its own: what one row meets does not touch the others.
 */
export function createBulkInvite({ audit, create, explain }: Deps) {
  async function inviteOne(caller: Caller, organizationId: string, row: Row): Promise<Result> {
    const parsed = createInvitationSchema.safeParse(row);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const message = issue ? `${issue.path.join(".")}: ${issue.message}` : "The row is invalid";
      return { ...row, status: "failed", code: "validation_failed", message };
    }
    const { email, role } = parsed.data;
    try {
      return {
        email,
        role,
        status: "created",
        invitation: await create(caller, organizationId, parsed.data),
      };
    } catch (error) {
      const known = explain(error);
      if (!known) throw error;
      return { email, role, status: "failed", code: known.code, message: known.message };
    }
  }

  return async (
    caller: Caller,
    organizationId: string,
    { invitations }: BulkInvitations,
  ): Promise<BulkResult> => {
    const data: Result[] = [];
    for (const row of invitations) data.push(await inviteOne(caller, organizationId, row));
    const refused = new Set(data.map(({ code }) => code as ErrorCode).filter((code) => denials.has(code)));
    for (const reason of refused)
      await audit.denied({
        actorId: caller.userId,
        origin: caller.origin,
        action: "invitations.bulk",
        organizationId,
        target: { type: "organization", id: organizationId },
        reason,
      });
    return { data };
  };
}
