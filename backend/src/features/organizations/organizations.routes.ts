import { z } from "@hono/zod-openapi";
import { ifMatchVersion, isNotModified, setEtag } from "../../http/etag.ts";
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
  createOrganizationSchema,
  organizationSchema,
  organizationsQuery,
  organizationsSchema,
  updateOrganizationSchema,
} from "./organizations.schema.ts";
import type { OrganizationsService } from "./organizations.service.ts";

const tags = ["Organizations"];
const params = z.object({ organizationId: idParam("organizationId", "Organization") });

const list = securedRoute(
  { permission: "organization.list" },
  {
    operationId: "organizations.list",
    method: "get",
    path: "/organizations",
    tags,
    summary: "Every organization, newest first (platform admins)",
    request: { query: organizationsQuery },
    responses: {
      200: jsonResponse("A page of organizations", organizationsSchema),
      400: problemResponse("Bad cursor"),
    },
  },
);

const create = (policy: OrganizationsService["mayCreate"]) =>
  securedRoute(
    { permission: "organization.create", policy },
    {
      operationId: "organizations.create",
      method: "post",
      path: "/organizations",
      tags,
      summary: "Create an organization; who is not a platform admin becomes its org_admin",
      request: { body: jsonBody(createOrganizationSchema) },
      responses: {
        201: createdResponse("Created; `Location` names it", organizationSchema),
        400: problemResponse("A field is invalid"),
        409: problemResponse("The slug is taken"),
        429: problemResponse("Ten a day for each person who is not a platform admin"),
      },
    },
  );

const get = securedRoute(
  { permission: "organization.read" },
  {
    operationId: "organizations.get",
    method: "get",
    path: "/organizations/{organizationId}",
    tags,
    summary: "One organization",
    request: { params },
    responses: {
      200: jsonResponse("The organization; `ETag` is its version", organizationSchema),
      304: { description: "`If-None-Match` names this version" },
      404: problemResponse("No such organization of yours"),
    },
  },
);

const update = securedRoute(
  { permission: "organization.update" },
  {
    operationId: "organizations.update",
    method: "patch",
    path: "/organizations/{organizationId}",
    tags,
    summary: "Change name or slug",
    request: { params, body: jsonBody(updateOrganizationSchema) },
    responses: {
      200: jsonResponse("Changed", organizationSchema),
      400: problemResponse("A field is invalid"),
      404: problemResponse("No such organization of yours"),
      409: problemResponse("The slug is taken"),
      412: staleVersion,
    },
  },
);

/** `/organizations`: the tenants themselves. */
export const organizationRoutes = (organizations: OrganizationsService) =>
  createRouter()
    .openapi(list, async (c) => c.json(await organizations.list(c.get("caller"), c.req.valid("query")), 200))
    .openapi(create(organizations.mayCreate), async (c) => {
      const created = await organizations.create(c.get("caller"), c.req.valid("json"));
      c.header("Location", `/api/v1/organizations/${created.id}`);
      setEtag(c, created.version);
      return c.json(created, 201);
    })
    .openapi(get, async (c) => {
      const found = await organizations.get(c.get("caller"), c.req.valid("param").organizationId);
      return isNotModified(c, found.version) ? c.body(null, 304) : c.json(found, 200);
    })
    .openapi(update, async (c) => {
      const { organizationId } = c.req.valid("param");
      const changed = await organizations.update(
        c.get("caller"),
        organizationId,
        c.req.valid("json"),
        ifMatchVersion(c),
      );
      setEtag(c, changed.version);
      return c.json(changed, 200);
    });
