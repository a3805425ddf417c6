import { z } from "@hono/zod-openapi";
import { ifMatchVersion, isNotModified, withEtag } from "../../http/etag.ts";
import { idParam } from "../../http/ids.ts";
import { jsonBody, jsonResponse, problemResponse, staleVersion } from "../../http/openapi.ts";
import { createRouter } from "../../http/router.ts";
import { securedRoute } from "../../http/secured-route.ts";
import { memberSchema, membersQuery, membersSchema, updateMemberSchema } from "./members.schema.ts";
import type { MembersService } from "./members.service.ts";

const tags = ["Organizations"];
const organizationParam = z.object({ organizationId: idParam("organizationId", "Organization") });
const params = organizationParam.extend({ memberId: idParam("memberId", "Member") });
const unknownMember = problemResponse("No such member that you may know of");
const lastAdmin = problemResponse("The organization would be left without an active org_admin");

const list = securedRoute(
  { permission: "member.read" },
  {
    operationId: "members.list",
    method: "get",
    path: "/organizations/{organizationId}/members",
    tags,
    summary: "The members you may know of, newest first",
    request: { params: organizationParam, query: membersQuery },
    responses: {
      200: jsonResponse("A page of members", membersSchema),
      400: problemResponse("Bad filter or cursor"),
      404: problemResponse("No such organization of yours"),
    },
  },
);

const get = securedRoute(
  { permission: "member.read" },
  {
    operationId: "members.get",
    method: "get",
    path: "/organizations/{organizationId}/members/{memberId}",
    tags,
    summary: "One member: yourself, or somebody below your role",
    request: { params },
    responses: {
      200: jsonResponse("The member; `ETag` is its version", memberSchema),
      304: { description: "`If-None-Match` names this version, and the person changed nothing since" },
      404: unknownMember,
    },
  },
);

const update = securedRoute(
  { permission: "member.manage" },
  {
    operationId: "members.update",
    method: "patch",
    path: "/organizations/{organizationId}/members/{memberId}",
    tags,
    summary: "Change the role, suspend or reactivate",
    request: { params, body: jsonBody(updateMemberSchema) },
    responses: {
      200: jsonResponse("Changed; holds on their next request", memberSchema),
      400: problemResponse("A field is invalid"),
      404: unknownMember,
      409: lastAdmin,
      412: staleVersion,
    },
  },
);

const remove = securedRoute(
  { permission: "member.manage" },
  {
    operationId: "members.remove",
    method: "delete",
    path: "/organizations/{organizationId}/members/{memberId}",
    tags,
    summary: "Remove a member; nothing of theirs is deleted",
    request: { params },
    responses: { 204: { description: "Removed" }, 404: unknownMember, 409: lastAdmin, 412: staleVersion },
  },
);

const leave = securedRoute(
  { permission: "organization.leave" },
  {
    operationId: "organizations.leave",
    method: "post",
    path: "/organizations/{organizationId}/leave",
    tags,
    summary: "Leave an organization",
    request: { params: organizationParam },
    responses: {
      200: jsonResponse("What was your membership", memberSchema),
      404: problemResponse("No such organization of yours"),
      409: lastAdmin,
      412: problemResponse("`If-Match` names an older version of your membership"),
    },
  },
);

/** `/organizations/{organizationId}/members`: who belongs to it, and as what. */
export const memberRoutes = (members: MembersService) =>
  createRouter()
    .openapi(list, async (c) => {
      const { organizationId } = c.req.valid("param");
      return c.json(await members.list(c.get("caller"), organizationId, c.req.valid("query")), 200);
    })
    .openapi(get, async (c) => {
      const { organizationId, memberId } = c.req.valid("param");
      const { found, isCurrent } = await members.get(c.get("caller"), organizationId, memberId);
      const isKnown = isNotModified(c, found.version) && isCurrent;
      return isKnown ? c.body(null, 304) : c.json(found, 200);
    })
    .openapi(update, async (c) => {
      const { organizationId, memberId } = c.req.valid("param");
      const changes = c.req.valid("json");
      const version = ifMatchVersion(c);
      const changed = await members.update(c.get("caller"), organizationId, memberId, changes, version);
      return c.json(withEtag(c, changed), 200);
    })
    .openapi(remove, async (c) => {
      const { organizationId, memberId } = c.req.valid("param");
      await members.remove(c.get("caller"), organizationId, memberId, ifMatchVersion(c));
      return c.body(null, 204);
    })
    .openapi(leave, async (c) => {
      const { organizationId } = c.req.valid("param");
      const left = await members.leave(c.get("caller"), organizationId, ifMatchVersion(c));
      return c.json(withEtag(c, left), 200);
    });
