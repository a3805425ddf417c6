import type { Prepare } from "./attempts.ts";
import { spareUser } from "./spares.ts";

const onUser =
  ({ banned = false, body }: { banned?: boolean; body?: object } = {}): Prepare =>
  async ({ app }) => ({ params: { userId: await spareUser(app, { banned }) }, ...(body && { body }) });

/** On the caller's own account. */
const onOneself: Prepare = ({ caller }) => ({ params: { userId: caller.userId } });

export const platformUserAttempts: Readonly<Record<string, Prepare>> = {
  "platformUsers.list": () => ({}),
  "platformUsers.get": onUser(),
  "platformUsers.update": onUser({ body: { globalRole: "platform_admin" } }),
  "platformUsers.ban: another person": onUser(),
  "platformUsers.ban: oneself": onOneself,
  "platformUsers.unban": onUser({ banned: true }),
  "platformUsers.revokeSessions: another person": onUser(),
  "platformUsers.revokeSessions: oneself": onOneself,
  "platformUsers.resetTwoFactor: another person": onUser(),
  "platformUsers.resetTwoFactor: oneself": onOneself,
};
