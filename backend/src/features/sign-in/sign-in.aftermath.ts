import { and, eq, isNotNull, isNull, ne, sql } from "drizzle-orm";
import type { AuditLog } from "../../adapters/audit/port.ts";
import { passwordChangedMail, twoFactorChangedMail } from "../../adapters/mail/templates.ts";
import type { QueuePort } from "../../adapters/queue/port.ts";
import type { Origin } from "../../auth/actor.ts";
import type { Database } from "../../db/client.ts";
import * as schema from "../../db/schema/index.ts";
import type { BetterAuthAnswer } from "./sign-in.better-auth.ts";
import type { DeviceWatch } from "./sign-in.devices.ts";
import type { AuthCall } from "./sign-in.schema.ts";

/** What must follow an answer of Better-auth: sessions to end, mails to send, events to write. */
export interface Aftermath {
  /**
   * Whether a sign-in that just succeeded still holds: it does not when the password was changed while it was being
   * checked, or the person is banned. Then whatever it made is gone.
   *
   * @param matched the stored hash that the password was found to match
   */
  mayStay(call: AuthCall, answer: BetterAuthAnswer, matched: string | undefined): Promise<boolean>;
  /** Whether a password that was found to match this hash still opens anything. */
  opens(matched: string | undefined): Promise<boolean>;
  /** Whether the link of a mail is about the address of somebody who is banned; nobody checked the link yet. */
  namesBanned(mailToken: unknown): Promise<boolean>;
  succeeded(call: AuthCall, answer: BetterAuthAnswer, client: Client): Promise<void>;
  refused(call: AuthCall, code: string, origin: Origin): Promise<void>;
}

interface Client {
  readonly origin: Origin;
  readonly userAgent: string | undefined;
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
  const { account, session, user, verification } = schema;
  const url = `${frontendUrl}/reset-password`;

  /** Ends every auth session but one, and whatever was won with the credentials of before. */
  async function endOthers(userId: string, keep: string | null): Promise<void> {
    await db
      .delete(session)
      .where(and(eq(session.userId, userId), keep === null ? undefined : ne(session.token, keep)));
    await db.delete(verification).where(eq(verification.value, userId));
  }

  /** Whose address a mail link was about; by the address, as Better-auth answers nobody. */
  async function ownerOf(email: string): Promise<string | null> {
    const [owner] = await db.select({ id: user.id }).from(user).where(eq(user.email, email.toLowerCase()));
    return owner?.id ?? null;
  }

  /**
   * Whether there is somebody who is not banned, with this password if there is one to match: a salted hash names its
   * row as well as an id does.
   */
  async function opens(hash: string | undefined, userId: string | null): Promise<boolean> {
    if (hash === undefined && userId === null) return false;
    const [valid] = await db
      .select({ id: account.id })
      .from(account)
      .innerJoin(user, eq(user.id, account.userId))
      .where(
        and(
          userId === null ? undefined : eq(account.userId, userId),
          eq(account.providerId, "credential"),
          hash === undefined ? undefined : eq(account.password, hash),
          isNull(user.bannedAt),
        ),
      )
      .limit(1);
    return valid !== undefined;
  }

  async function addressVerified({ input, endpoint }: AuthCall, origin: Origin): Promise<void> {
    const claims = claimsOf(input.token);
    if (!claims?.email) return;
    const { email, updateTo, requestType } = claims;
    // The first of two links only sends the second: nothing has changed yet.
    const moved = updateTo !== undefined && requestType !== "change-email-confirmation";
    const userId = await ownerOf(moved ? updateTo : email);
    if (!userId || !endpoint.audit) return;
    if (moved) await endOthers(userId, null);
    const action = moved ? "user.email_changed" : endpoint.audit;
    const target = { type: "user", id: userId };
    await audit.happened({ action, actorId: userId, origin, organizationId: null, target });
  }

  return {
    async mayStay({ endpoint, actor }, { token, body, challenge }, matched) {
      const bySecondFactor = endpoint.access === "challenge" && actor === null;
      if (!bySecondFactor && (endpoint.path !== "/sign-in/email" || !(token || challenge))) return true;
      if (await opens(bySecondFactor ? undefined : (matched ?? ""), userIdIn(body))) return true;
      if (token) await db.delete(session).where(eq(session.token, token.raw));
      return false;
    },

    opens: (matched) => opens(matched ?? "", null),

    async namesBanned(mailToken) {
      const email = claimsOf(mailToken)?.email;
      if (typeof email !== "string" || email.includes("\0")) return false;
      const [banned] = await db
        .select({ id: user.id })
        .from(user)
        .where(and(eq(user.email, email.toLowerCase()), isNotNull(user.bannedAt)));
      return banned !== undefined;
    },

    async succeeded(call, { body, token }, { origin, userAgent }) {
      const { endpoint, actor, input } = call;
      if (endpoint.path === "/verify-email") return addressVerified(call, origin);
      const userId = actor?.userId ?? userIdIn(body);
      const keep = token?.raw ?? null;
      if (actor && endpoint.path === "/change-password") {
        await endOthers(actor.userId, keep);
        await queue.enqueue("mail", passwordChangedMail({ to: actor.email, name: actor.name, url }));
      }
      const enabled =
        endpoint.path === "/two-factor/verify-totp" && actor !== null && !actor.twoFactorEnabled;
      if (actor && (enabled || endpoint.path === "/two-factor/disable")) {
        await endOthers(actor.userId, keep);
        const mail = twoFactorChangedMail({ to: actor.email, name: actor.name, url, enabled });
        await queue.enqueue("mail", mail);
      }
      if (token && endpoint.access === "challenge")
        await db.update(session).set({ secondFactorAt: sql`now()` }).where(eq(session.token, token.raw));
      const beginsSession = actor === null && token !== null && userId !== null;
      if (beginsSession) await watchDevice(userId, token.raw, origin, userAgent);
      if (!endpoint.audit || !userId) return;
      const action = enabled ? "user.two_factor_enabled" : endpoint.audit;
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
  const owner = body.user as { id?: unknown } | null | undefined;
  return typeof owner?.id === "string" ? owner.id : null;
}

/** What the token of a mail link says, whoever wrote it; null for what is none. */
function claimsOf(token: unknown): { email?: string; updateTo?: string; requestType?: string } | null {
  const payload = String(token).split(".")[1] ?? "";
  try {
    return JSON.parse(Buffer.from(payload, "base64url").toString());
  } catch {
    return null;
  }
}
