import { eq } from "drizzle-orm";
import type { Passwords } from "../auth/password.ts";
import type { Database } from "../db/client.ts";
import { account, auditEvent, user } from "../db/schema/index.ts";

/** The row by which Better-auth knows a password. */
export const credentialOf = (userId: string, password: string) => ({
  accountId: userId,
  providerId: "credential",
  userId,
  password,
});

/**
 * A person with global rights, made outside of sign-up.
 *
 * @returns false when there is a platform admin already and `always` is not set, or the address is taken.
 */
export async function createPlatformAdmin(
  db: Database,
  passwords: Passwords,
  { email, password, always }: { email: string; password: string; always: boolean },
): Promise<boolean> {
  const hash = await passwords.hash(password);
  return db.transaction(async (tx) => {
    const [admin] = await tx
      .select({ id: user.id })
      .from(user)
      .where(eq(user.globalRole, "platform_admin"))
      .limit(1);
    if (admin && !always) return false;
    const [created] = await tx
      .insert(user)
      .values({
        email: email.toLowerCase(),
        name: "Platform Admin",
        emailVerified: true,
        globalRole: "platform_admin",
      })
      .onConflictDoNothing()
      .returning({ id: user.id });
    if (!created) return false;
    await tx.insert(account).values(credentialOf(created.id, hash));
    await tx.insert(auditEvent).values({
      action: "user.platform_admin_created",
      actorType: "system",
      targetType: "user",
      targetId: created.id,
      result: "allowed",
    });
    return true;
  });
}
