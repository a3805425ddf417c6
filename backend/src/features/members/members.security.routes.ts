import { z } from "@hono/zod-openapi";
import { ifMatchVersion, withEtag } from "../../http/etag.ts";
import { idParam } from "../../http/ids.ts";
import { jsonResponse, problemResponse, staleVersion } from "../../http/openapi.ts";
import { createRouter } from "../../http/router.ts";
import { securedRoute } from "../../http/secured-route.ts";
import { memberSchema } from "./members.schema.ts";
import type { MemberSecurity } from "./members.security.ts";

const tags = ["Organizations"];
const params = z.object({
  organizationId: idParam("organizationId", "Organization"),
  memberId: idParam("memberId", "Member"),
});
const unknownMember = problemResponse("No such member that you may know of");
const wholeAccount =
  "Acts on the whole account: who belongs to another organization too, which you do not run, is 403 but to platform admins.";

const revokeSessions = securedRoute(
  { permission: "member.secure", stepUp: true },
  {
    operationId: "members.revokeSessions",
    method: "post",
    path: "/organizations/{organizationId}/members/{memberId}/revoke-sessions",
    tags,
    summary: "Sign a member out everywhere",
    description: wholeAccount,
    request: { params },
    responses: { 200: jsonResponse("Signed out", memberSchema), 404: unknownMember, 412: staleVersion },
  },
);

const resetTwoFactor = securedRoute(
  { permission: "member.secure", stepUp: true },
  {
    operationId: "members.resetTwoFactor",
    method: "post",
    path: "/organizations/{organizationId}/members/{memberId}/reset-2fa",
    tags,
    summary: "Take away a member's second factor, sign them out everywhere and tell them by mail",
    description: wholeAccount,
    request: { params },
    responses: {
      200: jsonResponse("Without a second factor", memberSchema),
      404: unknownMember,
      412: staleVersion,
    },
  },
);

/** What acts on a member's whole account. */
export const memberSecurityRoutes = (security: MemberSecurity) =>
  createRouter()
    .openapi(revokeSessions, async (c) => {
      const target = { ...c.req.valid("param"), version: ifMatchVersion(c) };
      return c.json(withEtag(c, await security.revokeSessions(c.get("caller"), target)), 200);
    })
    .openapi(resetTwoFactor, async (c) => {
      const target = { ...c.req.valid("param"), version: ifMatchVersion(c) };
      return c.json(withEtag(c, await security.resetTwoFactor(c.get("caller"), target)), 200);
    });
