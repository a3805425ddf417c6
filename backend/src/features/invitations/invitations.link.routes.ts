import { z } from "@hono/zod-openapi";
import { jsonResponse, problemResponse } from "../../http/openapi.ts";
import { createRouter } from "../../http/router.ts";
import { publicRoute, securedRoute } from "../../http/secured-route.ts";
import type { InvitationAnswers } from "./invitations.answers.ts";
import { invitationAnswerSchema, invitationPreviewSchema, invitationToken } from "./invitations.schema.ts";

const tags = ["Invitations"];
const request = { params: z.object({ token: invitationToken }) };
const gone = problemResponse("Unknown, replaced, answered, revoked or expired");
const down = problemResponse("The database does not answer: try again later");

const preview = publicRoute("who opens the link of a mail may have no account yet", {
  operationId: "invitations.preview",
  method: "get",
  path: "/invitations/{token}",
  tags,
  summary: "What the link of a mail offers",
  request,
  responses: { 200: jsonResponse("The offer", invitationPreviewSchema), 404: gone, 503: down },
});

const accept = securedRoute(
  { permission: "invitation.answer" },
  {
    operationId: "invitations.accept",
    method: "post",
    path: "/invitations/{token}/accept",
    tags,
    summary: "Become a member; only for the person whose address it names, which is verified thereby",
    request,
    responses: {
      200: jsonResponse("Accepted", invitationAnswerSchema),
      404: gone,
      409: problemResponse("A member already, or a platform admin"),
    },
  },
);

const decline = securedRoute(
  { permission: "invitation.answer" },
  {
    operationId: "invitations.decline",
    method: "post",
    path: "/invitations/{token}/decline",
    tags,
    summary: "Say no; only for the person whose address it names",
    request,
    responses: { 200: jsonResponse("Declined", invitationAnswerSchema), 404: gone },
  },
);

/** `/invitations/{token}`: what the link of a mail opens. */
export const invitationLinkRoutes = (answers: InvitationAnswers) =>
  createRouter()
    .openapi(preview, async (c) => {
      c.header("Cache-Control", "no-store");
      return c.json(await answers.preview(c.req.valid("param").token), 200);
    })
    .openapi(accept, async (c) =>
      c.json(await answers.accept(c.get("caller"), c.req.valid("param").token), 200),
    )
    .openapi(decline, async (c) =>
      c.json(await answers.decline(c.get("caller"), c.req.valid("param").token), 200),
    );
