import { z } from "@hono/zod-openapi";
import { ifMatchVersion, isNotModified, withEtag } from "../../http/etag.ts";
import { idParam } from "../../http/ids.ts";
import { jsonBody, jsonResponse, problemResponse, staleVersion } from "../../http/openapi.ts";
import { createRouter } from "../../http/router.ts";
import { securedRoute } from "../../http/secured-route.ts";
import type { OrganizationLifecycle } from "./organizations.lifecycle.ts";
import {
  organizationSchema,
  organizationSettingsSchema,
  updateOrganizationSettingsSchema,
} from "./organizations.schema.ts";
import type { OrganizationSettingsService } from "./organizations.settings.ts";

const tags = ["Organizations"];
const params = z.object({ organizationId: idParam("organizationId", "Organization") });
const notYours = problemResponse("No such organization of yours");

const getSettings = securedRoute(
  { permission: "organization.readSettings" },
  {
    operationId: "organizations.settings.get",
    method: "get",
    path: "/organizations/{organizationId}/settings",
    tags,
    summary: "What the organization has decided for itself",
    request: { params },
    responses: {
      200: jsonResponse("The settings; `ETag` is their version", organizationSettingsSchema),
      304: { description: "`If-None-Match` names this version" },
      404: notYours,
    },
  },
);

const updateSettings = securedRoute(
  { permission: "organization.updateSettings" },
  {
    operationId: "organizations.settings.update",
    method: "patch",
    path: "/organizations/{organizationId}/settings",
    tags,
    summary: "Change settings",
    request: { params, body: jsonBody(updateOrganizationSettingsSchema) },
    responses: {
      200: jsonResponse("Changed", organizationSettingsSchema),
      400: problemResponse("A field is invalid"),
      404: notYours,
      412: staleVersion,
    },
  },
);

const suspend = securedRoute(
  { permission: "organization.suspend" },
  {
    operationId: "organizations.suspend",
    method: "post",
    path: "/organizations/{organizationId}/suspend",
    tags,
    summary: "Close an organization for every member, at once (platform admins)",
    request: { params },
    responses: {
      200: jsonResponse("Suspended", organizationSchema),
      404: notYours,
      409: problemResponse("It is suspended already"),
      412: staleVersion,
    },
  },
);

const reactivate = securedRoute(
  { permission: "organization.suspend" },
  {
    operationId: "organizations.reactivate",
    method: "post",
    path: "/organizations/{organizationId}/reactivate",
    tags,
    summary: "Open a suspended organization again (platform admins)",
    request: { params },
    responses: {
      200: jsonResponse("Active", organizationSchema),
      404: notYours,
      409: problemResponse("It is not suspended"),
      412: staleVersion,
    },
  },
);

const remove = securedRoute(
  { permission: "organization.delete", stepUp: true },
  {
    operationId: "organizations.delete",
    method: "delete",
    path: "/organizations/{organizationId}",
    tags,
    summary: "Delete an organization; 30 days to undo",
    request: { params },
    responses: { 204: { description: "Deleted" }, 404: notYours, 412: staleVersion },
  },
);

const restore = securedRoute(
  { permission: "organization.restore" },
  {
    operationId: "organizations.restore",
    method: "post",
    path: "/organizations/{organizationId}/restore",
    tags,
    summary: "Undo a deletion within 30 days",
    request: { params },
    responses: {
      200: jsonResponse("Back as it was", organizationSchema),
      404: notYours,
      409: problemResponse("It is not deleted"),
      412: staleVersion,
    },
  },
);

/** `/organizations/{organizationId}`: settings, and what befalls an organization as a whole. */
export const organizationLifecycleRoutes = (
  lifecycle: OrganizationLifecycle,
  settings: OrganizationSettingsService,
) =>
  createRouter()
    .openapi(getSettings, async (c) => {
      const found = await settings.get(c.get("caller"), c.req.valid("param").organizationId);
      return isNotModified(c, found.version) ? c.body(null, 304) : c.json(found, 200);
    })
    .openapi(updateSettings, async (c) => {
      const { organizationId } = c.req.valid("param");
      const changes = c.req.valid("json");
      const changed = await settings.update(c.get("caller"), organizationId, changes, ifMatchVersion(c));
      return c.json(withEtag(c, changed), 200);
    })
    .openapi(suspend, async (c) => {
      const { organizationId } = c.req.valid("param");
      const changed = await lifecycle.suspend(c.get("caller"), organizationId, ifMatchVersion(c));
      return c.json(withEtag(c, changed), 200);
    })
    .openapi(reactivate, async (c) => {
      const { organizationId } = c.req.valid("param");
      const changed = await lifecycle.reactivate(c.get("caller"), organizationId, ifMatchVersion(c));
      return c.json(withEtag(c, changed), 200);
    })
    .openapi(remove, async (c) => {
      await lifecycle.delete(c.get("caller"), c.req.valid("param").organizationId, ifMatchVersion(c));
      return c.body(null, 204);
    })
    .openapi(restore, async (c) => {
      const { organizationId } = c.req.valid("param");
      const restored = await lifecycle.restore(c.get("caller"), organizationId, ifMatchVersion(c));
      return c.json(withEtag(c, restored), 200);
    });
