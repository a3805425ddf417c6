import { jsonResponse, problemResponse } from "../../http/openapi.ts";
import { createRouter } from "../../http/router.ts";
import { securedRoute } from "../../http/secured-route.ts";
import { filesQuery, filesSchema } from "./files.list.schema.ts";
import type { ListFiles } from "./files.list.ts";

const list = securedRoute(
  { permission: "file.read" },
  {
    operationId: "files.list",
    method: "get",
    path: "/files",
    tags: ["Files"],
    summary: "The files of an organization that you may know of, newest first",
    description:
      "Coaches and clients get what is `ready`; managers also what is `processing` or `rejected`; org_admins everything; platform admins logos, and what is `quarantined`.",
    request: { query: filesQuery },
    responses: {
      200: jsonResponse("A page of files", filesSchema),
      400: problemResponse("No organization, bad filter or cursor"),
      404: problemResponse("No such organization of yours"),
    },
  },
);

/** `GET /files`. */
export const fileListRoutes = (listFiles: ListFiles) =>
  createRouter().openapi(list, async (c) =>
    c.json(await listFiles(c.get("caller"), c.req.valid("query")), 200),
  );
