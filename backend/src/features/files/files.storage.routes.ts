import { z } from "@hono/zod-openapi";
import { idParam } from "../../http/ids.ts";
import { jsonBody, jsonResponse, problemResponse } from "../../http/openapi.ts";
import { createRouter } from "../../http/router.ts";
import { securedRoute } from "../../http/secured-route.ts";
import { storageUsageSchema, updateStorageSchema } from "./files.storage.schema.ts";
import type { StorageService } from "./files.storage.ts";

const tags = ["Organizations"];
const params = z.object({ organizationId: idParam("organizationId", "Organization") });
const notYours = problemResponse("No such organization of yours");

const get = securedRoute(
  { permission: "organization.readSettings" },
  {
    operationId: "organizations.storage.get",
    method: "get",
    path: "/organizations/{organizationId}/storage",
    tags,
    summary: "What the organization's files take up, and its quota",
    request: { params },
    responses: { 200: jsonResponse("Bytes and files", storageUsageSchema), 404: notYours },
  },
);

const update = securedRoute(
  { permission: "organization.setQuota" },
  {
    operationId: "organizations.storage.update",
    method: "patch",
    path: "/organizations/{organizationId}/storage",
    tags,
    summary: "Set the quota (platform admins)",
    request: { params, body: jsonBody(updateStorageSchema) },
    responses: {
      200: jsonResponse("Holds from the next presign on", storageUsageSchema),
      400: problemResponse("A field is invalid"),
      404: notYours,
    },
  },
);

/** `/organizations/{organizationId}/storage`: usage and quota. */
export const storageRoutes = (storage: StorageService) =>
  createRouter()
    .openapi(get, async (c) =>
      c.json(await storage.get(c.get("caller"), c.req.valid("param").organizationId), 200),
    )
    .openapi(update, async (c) => {
      const { organizationId } = c.req.valid("param");
      return c.json(await storage.update(c.get("caller"), organizationId, c.req.valid("json")), 200);
    });
