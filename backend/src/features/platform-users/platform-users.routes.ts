import { z } from "@hono/zod-openapi";
import { ifMatchVersion, withEtag } from "../../http/etag.ts";
import { idParam } from "../../http/ids.ts";
import { jsonBody, jsonResponse, problemResponse, staleVersion } from "../../http/openapi.ts";
import { createRouter } from "../../http/router.ts";
import { securedRoute } from "../../http/secured-route.ts";
import type { PlatformUserAccounts } from "./platform-users.account.ts";
import {
  platformUserSchema,
  platformUsersQuery,
  platformUsersSchema,
  updatePlatformUserSchema,
} from "./platform-users.schema.ts";
import type { PlatformUsersService } from "./platform-users.service.ts";

const tags = ["Platform"];
const params = z.object({ userId: idParam("userId", "User") });
const unknownUser = problemResponse("No such user");
const lastAdmin = "The platform would be left without a platform_admin";

const list = securedRoute(
  { permission: "platform.users" },
  {
    operationId: "platformUsers.list",
    method: "get",
    path: "/platform/users",
    tags,
    summary: "Everybody with an account, newest first (platform admins)",
    request: { query: platformUsersQuery },
    responses: {
      200: jsonResponse("A page of users", platformUsersSchema),
      400: problemResponse("Bad filter or cursor"),
    },
  },
);

const get = securedRoute(
  { permission: "platform.users" },
  {
    operationId: "platformUsers.get",
    method: "get",
    path: "/platform/users/{userId}",
    tags,
    summary: "One user (platform admins)",
    request: { params },
    responses: {
      200: jsonResponse("The user; `ETag` is the version that `If-Match` compares", platformUserSchema),
      404: unknownUser,
    },
  },
);

const update = securedRoute(
  { permission: "platform.users", stepUp: true },
  {
    operationId: "platformUsers.update",
    method: "patch",
    path: "/platform/users/{userId}",
    tags,
    summary: "Give or take the global role (platform admins)",
    request: { params, body: jsonBody(updatePlatformUserSchema) },
    responses: {
      200: jsonResponse("Changed; holds on their next request", platformUserSchema),
      400: problemResponse("A field is invalid"),
      404: unknownUser,
      409: problemResponse(`${lastAdmin}, or this user may not have the role`),
      412: staleVersion,
    },
  },
);

/** An action on somebody's account: never on one's own, and with a fresh credential. */
const action = <Name extends string, Path extends string>(
  name: Name,
  path: Path,
  summary: string,
  done: string,
  conflict?: string,
) =>
  securedRoute(
    { permission: "platform.users", stepUp: true },
    {
      operationId: `platformUsers.${name}`,
      method: "post",
      path: `/platform/users/{userId}/${path}` as const,
      tags,
      summary: `${summary} (platform admins, not on themselves)`,
      request: { params },
      responses: {
        200: jsonResponse(done, platformUserSchema),
        404: unknownUser,
        ...(conflict !== undefined && { 409: problemResponse(conflict) }),
        412: staleVersion,
      },
    },
  );

const ban = action(
  "ban",
  "ban",
  "Shut a user out of everything",
  "Banned; every auth session ended",
  `Banned already, or: ${lastAdmin.toLowerCase()}`,
);
const unban = action("unban", "unban", "Let a banned user in again", "May sign in again", "Not banned");
const revokeSessions = action(
  "revokeSessions",
  "revoke-sessions",
  "Sign a user out everywhere",
  "Signed out",
);
const resetTwoFactor = action(
  "resetTwoFactor",
  "reset-2fa",
  "Take away a user's second factor, sign them out everywhere and tell them by mail",
  "Without a second factor",
);

/** `/platform/users`: everybody with an account. */
export const platformUserRoutes = (users: PlatformUsersService, accounts: PlatformUserAccounts) =>
  createRouter()
    .openapi(list, async (c) => c.json(await users.list(c.get("caller"), c.req.valid("query")), 200))
    .openapi(get, async (c) => {
      const found = await users.get(c.get("caller"), c.req.valid("param").userId);
      // Never 304: memberships and what the person changes at sign-in do not count in the version.
      return c.json(withEtag(c, found), 200);
    })
    .openapi(update, async (c) => {
      const { userId } = c.req.valid("param");
      const changed = await users.update(c.get("caller"), userId, c.req.valid("json"), ifMatchVersion(c));
      return c.json(withEtag(c, changed), 200);
    })
    .openapi(ban, async (c) => {
      const target = { ...c.req.valid("param"), version: ifMatchVersion(c) };
      return c.json(withEtag(c, await accounts.ban(c.get("caller"), target)), 200);
    })
    .openapi(unban, async (c) => {
      const target = { ...c.req.valid("param"), version: ifMatchVersion(c) };
      return c.json(withEtag(c, await accounts.unban(c.get("caller"), target)), 200);
    })
    .openapi(revokeSessions, async (c) => {
      const target = { ...c.req.valid("param"), version: ifMatchVersion(c) };
      return c.json(withEtag(c, await accounts.revokeSessions(c.get("caller"), target)), 200);
    })
    .openapi(resetTwoFactor, async (c) => {
      const target = { ...c.req.valid("param"), version: ifMatchVersion(c) };
      return c.json(withEtag(c, await accounts.resetTwoFactor(c.get("caller"), target)), 200);
    });
