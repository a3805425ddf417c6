import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { SecuredEnv } from "../../http/app-env.ts";
import { idParam } from "../../http/ids.ts";
import { jsonResponse, problemResponse } from "../../http/openapi.ts";
import { createRouter } from "../../http/router.ts";
import { securedRoute } from "../../http/secured-route.ts";
import { pipeOut } from "../../http/stream.ts";
import type { AuditExport } from "./audit-events.export.ts";
import {
  type AuditFilter,
  auditEventSchema,
  auditEventsQuery,
  auditEventsSchema,
  auditExportQuery,
  auditVerdictSchema,
} from "./audit-events.schema.ts";
import type { AuditEventsService } from "./audit-events.service.ts";

const tags = ["Audit"];
const params = z.object({ organizationId: idParam("organizationId", "Organization") });
const noLog = { 404: problemResponse("No such organization of yours") };
const badFilter = problemResponse("Bad filter or cursor");
const page = jsonResponse("A page of events", auditEventsSchema);
const verdict = jsonResponse("What was found", auditVerdictSchema);
const busy = problemResponse("Another one has to end first; see `Retry-After`");
const file = {
  description:
    "One `AuditEvent` a line, and at the end `{ complete: true, events }`: without it something is missing",
  content: { "application/x-ndjson": { schema: auditEventSchema } },
};

const list = securedRoute(
  { permission: "audit.read" },
  {
    operationId: "auditEvents.list",
    method: "get",
    path: "/organizations/{organizationId}/audit-events",
    tags,
    summary: "What was done and refused, newest first; coaches and clients see what they did themselves",
    request: { params, query: auditEventsQuery },
    responses: { 200: page, 400: badFilter, ...noLog },
  },
);

const exportAll = securedRoute(
  { permission: "audit.read" },
  {
    operationId: "auditEvents.export",
    method: "get",
    path: "/organizations/{organizationId}/audit-events/export",
    tags,
    summary: "The same as a file, one export at a time for each person",
    request: { params, query: auditExportQuery },
    responses: { 200: file, 400: badFilter, 429: busy, ...noLog },
  },
);

const verify = securedRoute(
  { permission: "audit.verify" },
  {
    operationId: "auditEvents.verify",
    method: "get",
    path: "/organizations/{organizationId}/audit-events/verify",
    tags,
    summary: "Recompute the log's hash chain; the events of the last seconds are not part of it yet",
    request: { params },
    responses: { 200: verdict, 429: busy, ...noLog },
  },
);

const listPlatform = securedRoute(
  { permission: "platform.audit" },
  {
    operationId: "platform.auditEvents.list",
    method: "get",
    path: "/platform/audit-events",
    tags,
    summary: "What belongs to no organization: accounts, sign-ins, and attempts on what is not one's own",
    request: { query: auditEventsQuery },
    responses: { 200: page, 400: badFilter },
  },
);

const exportPlatform = securedRoute(
  { permission: "platform.audit" },
  {
    operationId: "platform.auditEvents.export",
    method: "get",
    path: "/platform/audit-events/export",
    tags,
    summary: "The same as a file",
    request: { query: auditExportQuery },
    responses: { 200: file, 400: badFilter, 429: busy },
  },
);

const verifyPlatform = securedRoute(
  { permission: "platform.audit" },
  {
    operationId: "platform.auditEvents.verify",
    method: "get",
    path: "/platform/audit-events/verify",
    tags,
    summary: "Recompute the hash chain of the platform's log",
    responses: { 200: verdict, 429: busy },
  },
);

/** The audit log of an organization, and the platform's. */
export function auditEventRoutes(events: AuditEventsService, exports: AuditExport) {
  async function send(c: Context<SecuredEnv>, organizationId: string | null, filter: AuditFilter) {
    const name = `audit-${organizationId ?? "platform"}.ndjson`;
    const headers = {
      "Content-Type": "application/x-ndjson",
      "Content-Disposition": `attachment; filename="${name}"`,
      "Cache-Control": "no-store",
    };
    if (c.req.method === "HEAD") {
      await exports.assertLog(organizationId);
      return c.body(null, 200, headers) as never;
    }
    const source = await exports.open(c.get("caller"), organizationId, filter);
    return (await pipeOut(c, source, { status: 200, headers })) as never;
  }

  return createRouter()
    .openapi(list, async (c) => {
      const { organizationId } = c.req.valid("param");
      return c.json(await events.list(c.get("caller"), organizationId, c.req.valid("query")), 200);
    })
    .openapi(exportAll, (c) => send(c, c.req.valid("param").organizationId, c.req.valid("query")))
    .openapi(verify, async (c) => c.json(await events.verify(c.req.valid("param").organizationId), 200))
    .openapi(listPlatform, async (c) =>
      c.json(await events.list(c.get("caller"), null, c.req.valid("query")), 200),
    )
    .openapi(exportPlatform, (c) => send(c, null, c.req.valid("query")))
    .openapi(verifyPlatform, async (c) => c.json(await events.verify(null), 200));
}
