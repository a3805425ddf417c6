import { z } from "@hono/zod-openapi";
import { ifMatchVersion, setEtag } from "../../http/etag.ts";
import { idParam } from "../../http/ids.ts";
import { jsonBody, jsonResponse, problemResponse, staleVersion } from "../../http/openapi.ts";
import { tells } from "../../http/openapi-headers.ts";
import { createRouter } from "../../http/router.ts";
import { securedRoute } from "../../http/secured-route.ts";
import {
  authSessionsQuery,
  authSessionsSchema,
  keepAliveSchema,
  meSchema,
  steppedUpSchema,
  stepUpSchema,
  updateMeSchema,
} from "./me.schema.ts";
import type { MeService } from "./me.service.ts";

const tags = ["Me"];

const get = securedRoute(
  { permission: "self.read" },
  {
    operationId: "me.get",
    method: "get",
    path: "/me",
    tags,
    summary: "Who is signed in, with every membership",
    responses: { 200: { ...jsonResponse("You", meSchema), headers: tells("ETag") } },
  },
);

const update = securedRoute(
  { permission: "self.update" },
  {
    operationId: "me.update",
    method: "patch",
    path: "/me",
    tags,
    summary: "Change one's own profile",
    request: { body: jsonBody(updateMeSchema) },
    responses: {
      200: jsonResponse("You, changed", meSchema),
      400: problemResponse("A field is invalid"),
      412: staleVersion,
    },
  },
);

const keepAlive = securedRoute(
  { permission: "self.update", neverReplayed: true },
  {
    operationId: "me.keepAlive",
    method: "post",
    path: "/me/keep-alive",
    tags,
    summary: "Keep the auth session from expiring while the app is open",
    responses: { 200: jsonResponse("When it expires now", keepAliveSchema) },
  },
);

const stepUp = securedRoute(
  { permission: "self.update", neverReplayed: true },
  {
    operationId: "me.stepUp",
    method: "post",
    path: "/me/step-up",
    tags,
    summary: "Show the credential again, for what is not done by an unlocked phone alone",
    request: { body: jsonBody(stepUpSchema) },
    responses: {
      200: jsonResponse("Until when it counts", steppedUpSchema),
      400: problemResponse("Neither or both were sent"),
      429: problemResponse("Too many wrong attempts"),
    },
  },
);

const listSessions = securedRoute(
  { permission: "self.read" },
  {
    operationId: "me.authSessions.list",
    method: "get",
    path: "/me/auth-sessions",
    tags,
    summary: "Where one is signed in, newest first",
    request: { query: authSessionsQuery },
    responses: {
      200: jsonResponse("A page of auth sessions", authSessionsSchema),
      400: problemResponse("Bad cursor"),
    },
  },
);

const revokeSession = securedRoute(
  { permission: "self.update" },
  {
    operationId: "me.authSessions.revoke",
    method: "delete",
    path: "/me/auth-sessions/{authSessionId}",
    tags,
    summary: "Sign out one device, and trust none any more without a second factor",
    request: { params: z.object({ authSessionId: idParam("authSessionId", "Auth session") }) },
    responses: { 204: { description: "Ended" }, 404: problemResponse("No such auth session of yours") },
  },
);

const revokeOthers = securedRoute(
  { permission: "self.update" },
  {
    operationId: "me.authSessions.revokeOthers",
    method: "delete",
    path: "/me/auth-sessions",
    tags,
    summary: "Sign out every other device, and trust none any more without a second factor",
    responses: { 204: { description: "Ended" } },
  },
);

/** `/me`: one's own profile and auth sessions. */
export const meRoutes = (me: MeService) =>
  createRouter()
    .openapi(get, (c) => {
      setEtag(c, c.get("caller").version);
      return c.json(me.get(c.get("caller")), 200);
    })
    .openapi(update, async (c) => {
      const changed = await me.update(c.get("caller"), c.req.valid("json"), ifMatchVersion(c));
      setEtag(c, changed.version);
      return c.json(changed.me, 200);
    })
    .openapi(keepAlive, (c) => c.json(me.keepAlive(c.get("caller")), 200))
    .openapi(stepUp, async (c) =>
      c.json(await me.stepUp(c.get("caller"), c.req.valid("json"), c.req.header("user-agent")), 200),
    )
    .openapi(listSessions, async (c) =>
      c.json(await me.listSessions(c.get("caller"), c.req.valid("query")), 200),
    )
    .openapi(revokeSession, async (c) => {
      await me.revokeSession(c.get("caller"), c.req.valid("param").authSessionId);
      return c.body(null, 204);
    })
    .openapi(revokeOthers, async (c) => {
      await me.revokeOtherSessions(c.get("caller"));
      return c.body(null, 204);
    });
