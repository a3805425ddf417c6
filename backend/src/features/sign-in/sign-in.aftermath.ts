import { and, eq, ne } from "drizzle-orm";
import type { AuditLog } from "../../adapters/audit/port.ts";
import { passwordChangedMail, twoFactorChangedMail } from "../../adapters/mail/templates.ts";
import type { QueuePort } from "../../adapters/queue/port.ts";
import type { Origin } from "../../auth/actor.ts";
import type { VerifiedToken } from "../../auth/token-ring.ts";
import type { Database } from "../../db/client.ts";
import * as schema from "../../db/schema/index.ts";
import type { DeviceWatch } from "./sign-in.devices.ts";
import type { AuthCall } from "./sign-in.schema.ts";

/** What must follow an answer of Better-auth: sessions to end, mails to send, events to write. */
export interface Aftermath {
  succeeded(
    call: AuthCall,
    body: Record<string, unknown>,
    token: VerifiedToken | null,
    client: { readonly origin: Origin; readonly userAgent: string | undefined },
  ): Promise<void>;
  refused(call: AuthCall, code: string, origin: Origin): Promise<void>;
}

interface Deps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly queue: QueuePort;
  readonly frontendUrl: string;
  /** Told of every session that begins. */
  readonly watchDevice: DeviceWatch;
}

export function createAftermath({ db, audit, queue, frontendUrl, watchDevice }: Deps): Aftermath {
  const { session, verification } = schema;
  const url = `${frontendUrl}/reset-password`;

  /** Ends every auth session but one, and whatever was won with the credentials of before. */
  async function endOthers(userId: string, keep: string | null): Promise<void> {
    await db
      .delete(session)
      .where(and(eq(session.userId, userId), keep === null ? undefined : ne(session.token, keep)));
    await db.delete(verification).where(eq(verification.value, userId));
  }

  return {
    async succeeded({ endpoint, actor, input }, body, token, { origin, userAgent }) {
      const userId = actor?.userId ?? userIdIn(body);
      const keep = token?.raw ?? null;
      if (endpoint.path === "/verify-email" && userId && isAddressChange(input.token))
        await endOthers(userId, null);
      if (actor && endpoint.path === "/change-password") {
        await endOthers(actor.userId, keep);
        await queue.enqueue("mail", passwordChangedMail({ to: actor.email, name: actor.name, url }));
      }
      const enabled =
        endpoint.path === "/two-factor/verify-totp" && actor !== null && !actor.twoFactorEnabled;
      if (actor && (enabled || endpoint.path === "/two-factor/disable")) {
        await endOthers(actor.userId, keep);
        await queue.enqueue(
          "mail",
          twoFactorChangedMail({ to: actor.email, name: actor.name, url, enabled }),
        );
      }
      const beginsSession = actor === null && token !== null && userId !== null;
      if (beginsSession) await watchDevice(userId, token.raw, origin, userAgent);
      if (!endpoint.audit || !userId) return;
      const action = enabled
        ? "user.two_factor_enabled"
        : body.twoFactorRedirect === true
          ? "user.second_factor_asked"
          : endpoint.audit;
      const target = { type: "user", id: userId };
      const byInvitation = "invitationToken" in input && { changes: { verifiedBy: "invitation" } };
      await audit.happened({
        action,
        actorId: userId,
        origin,
        organizationId: null,
        target,
        ...byInvitation,
      });
    },
    async refused({ endpoint, actor }, reason, origin) {
      if (!endpoint.audit) return;
      const actorId = actor?.userId ?? null;
      const target = actorId ? { type: "user", id: actorId } : null;
      await audit.denied({ action: endpoint.audit, actorId, origin, organizationId: null, target, reason });
    },
  };
}

function userIdIn(body: Record<string, unknown>): string | null {
  const user = body.user as { id?: unknown } | null | undefined;
  return typeof user?.id === "string" ? user.id : null;
}

/** Better-auth verified this token before: here it only tells what kind it was. */
function isAddressChange(token: unknown): boolean {
  const payload = String(token).split(".")[1] ?? "";
  const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
  return typeof claims === "object" && claims !== null && "updateTo" in claims;
}
