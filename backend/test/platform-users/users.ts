import type { TestApp } from "../harness/app.ts";
import { call, type Person } from "../harness/client.ts";

export type Action = "ban" | "unban" | "revoke-sessions" | "reset-2fa";

export const pathOf = (userId: string, rest = ""): string => `/api/v1/platform/users/${userId}${rest}`;

export const setRole = (
  app: TestApp,
  by: Pick<Person, "token">,
  target: Pick<Person, "userId">,
  globalRole: "platform_admin" | null,
  headers: Record<string, string> = {},
) => call(app, "PATCH", pathOf(target.userId), { token: by.token, body: { globalRole }, headers });

export const act = (
  app: TestApp,
  by: Pick<Person, "token">,
  target: Pick<Person, "userId">,
  action: Action,
  headers: Record<string, string> = {},
) => call(app, "POST", pathOf(target.userId, `/${action}`), { token: by.token, headers });

/** Successful acts on a person, as the platform's log tells them. */
export const eventsOn = (app: TestApp, { userId }: Pick<Person, "userId">) =>
  app.deps.database.sql`
    select action, actor_id as "actorId", changes from audit_event
    where target_type = 'user' and target_id = ${userId} and organization_id is null and result = 'allowed'
      and action in ('user.banned', 'user.unbanned', 'user.sessions_revoked', 'user.two_factor_reset',
        'user.global_role_changed')
    order by id`;
