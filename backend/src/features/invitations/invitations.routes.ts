import { z } from "@hono/zod-openapi";
import { ifMatchVersion, isNotModified, withEtag } from "../../http/etag.ts";
import { idParam } from "../../http/ids.ts";
import {
  createdResponse,
  jsonBody,
  jsonResponse,
  problemResponse,
  staleVersion,
} from "../../http/openapi.ts";
import { createRouter } from "../../http/router.ts";
import { securedRoute } from "../../http/secured-route.ts";
import {
  bulkInvitationsSchema,
  bulkResultSchema,
  createInvitationSchema,
  invitationSchema,
  invitationsQuery,
  invitationsSchema,
} from "./invitations.schema.ts";
import type { InvitationsService } from "./invitations.service.ts";

const tags = ["Invitations"];
const permission = "invitation.manage";
const path = "/organizations/{organizationId}/invitations";
const organizationId = idParam("organizationId", "Organization");
const params = z.object({ organizationId });
const oneParams = z.object({ organizationId, invitationId: idParam("invitationId", "Invitation") });

const list = securedRoute(
  { permission },
  {
    operationId: "invitations.list",
    method: "get",
    path,
    tags,
    summary: "Invitations one may deal with, newest first: a coach's own, a manager's coaches and clients",
    request: { params, query: invitationsQuery },
    responses: {
      200: jsonResponse("A page of invitations", invitationsSchema),
      400: problemResponse("Bad cursor"),
      404: problemResponse("No such organization of yours"),
    },
  },
);

const create = (policy: InvitationsService["mayInvite"]) =>
  securedRoute(
    { permission, policy },
    {
      operationId: "invitations.create",
      method: "post",
      path,
      tags,
      summary: "Offer a role to an e-mail address; a link goes there by mail",
      request: { params, body: jsonBody(createInvitationSchema) },
      responses: {
        201: createdResponse("Invited; `Location` names the invitation", invitationSchema),
        400: problemResponse("A field is invalid"),
        404: problemResponse("No such organization of yours"),
        409: problemResponse("A member already, or invited to this role already"),
        429: problemResponse("The organization sent its invitations of the day"),
      },
    },
  );

const createMany = (policy: InvitationsService["mayInvite"]) =>
  securedRoute(
    { permission, policy },
    {
      operationId: "invitations.bulk",
      method: "post",
      path: `${path}/bulk`,
      tags,
      summary: "Invite up to 200 people; each row succeeds or fails on its own",
      request: { params, body: jsonBody(bulkInvitationsSchema) },
      responses: {
        200: jsonResponse("What became of each row", bulkResultSchema),
        400: problemResponse("No list of 1 to 200 rows"),
        404: problemResponse("No such organization of yours"),
      },
    },
  );

const get = securedRoute(
  { permission },
  {
    operationId: "invitations.get",
    method: "get",
    path: `${path}/{invitationId}`,
    tags,
    summary: "One invitation that you may deal with",
    request: { params: oneParams },
    responses: {
      200: jsonResponse("The invitation; `ETag` is its version", invitationSchema),
      304: { description: "`If-None-Match` names this version, and it did not expire" },
      404: problemResponse("No such invitation"),
    },
  },
);

const resend = securedRoute(
  { permission },
  {
    operationId: "invitations.resend",
    method: "post",
    path: `${path}/{invitationId}/resend`,
    tags,
    summary: "Send a new link for seven more days; the one before is dead",
    request: { params: oneParams },
    responses: {
      200: jsonResponse("Pending again", invitationSchema),
      404: problemResponse("No such invitation"),
      409: problemResponse("Answered or revoked, or a member by now"),
      412: staleVersion,
      429: problemResponse("The organization sent its invitations of the day"),
    },
  },
);

const revoke = securedRoute(
  { permission },
  {
    operationId: "invitations.revoke",
    method: "delete",
    path: `${path}/{invitationId}`,
    tags,
    summary: "Revoke an invitation; its link is dead",
    request: { params: oneParams },
    responses: {
      204: { description: "Revoked" },
      404: problemResponse("No such invitation, or revoked before"),
      409: problemResponse("Answered already"),
      412: staleVersion,
    },
  },
);

/** `/organizations/{organizationId}/invitations`: for those who invite. */
export const invitationRoutes = (invitations: InvitationsService) =>
  createRouter()
    .openapi(list, async (c) =>
      c.json(
        await invitations.list(c.get("caller"), c.req.valid("param").organizationId, c.req.valid("query")),
        200,
      ),
    )
    .openapi(create(invitations.mayInvite), async (c) => {
      const { organizationId } = c.req.valid("param");
      const created = await invitations.create(c.get("caller"), organizationId, c.req.valid("json"));
      c.header("Location", `/api/v1/organizations/${organizationId}/invitations/${created.id}`);
      return c.json(withEtag(c, created), 201);
    })
    .openapi(createMany(invitations.mayInvite), async (c) =>
      c.json(
        await invitations.createMany(
          c.get("caller"),
          c.req.valid("param").organizationId,
          c.req.valid("json"),
        ),
        200,
      ),
    )
    .openapi(get, async (c) => {
      const { organizationId, invitationId } = c.req.valid("param");
      const found = await invitations.get(c.get("caller"), organizationId, invitationId);
      // Time alone makes it expire, without a version.
      const isKnown = isNotModified(c, found.version) && found.status !== "expired";
      return isKnown ? c.body(null, 304) : c.json(found, 200);
    })
    .openapi(resend, async (c) => {
      const { organizationId, invitationId } = c.req.valid("param");
      const sent = await invitations.resend(c.get("caller"), organizationId, invitationId, ifMatchVersion(c));
      return c.json(withEtag(c, sent), 200);
    })
    .openapi(revoke, async (c) => {
      const { organizationId, invitationId } = c.req.valid("param");
      await invitations.revoke(c.get("caller"), organizationId, invitationId, ifMatchVersion(c));
      return c.body(null, 204);
    });
