import { z } from "@hono/zod-openapi";
import { ifMatchVersion, withEtag } from "../../http/etag.ts";
import { idParam } from "../../http/ids.ts";
import { jsonResponse, problemResponse, staleVersion } from "../../http/openapi.ts";
import { createRouter } from "../../http/router.ts";
import { securedRoute } from "../../http/secured-route.ts";
import { fileSchema } from "./files.schema.ts";
import type { FilesService } from "./files.service.ts";

const release = securedRoute(
  { permission: "file.release" },
  {
    operationId: "files.release",
    method: "post",
    path: "/files/{fileId}/release",
    tags: ["Files"],
    summary: "Let a file out of quarantine",
    description:
      "For org_admins of the organization that owns it, and platform admins. The file is served from then on, whatever the malware scanner said of it.",
    request: { params: z.object({ fileId: idParam("fileId", "File") }) },
    responses: {
      200: jsonResponse("The file, which is `ready` now", fileSchema),
      404: problemResponse("No such file of yours"),
      409: problemResponse("It is not in quarantine, or a newer picture took its place"),
      412: staleVersion,
    },
  },
);

/** What becomes of files in which malware was found. */
export const quarantineRoutes = ({ release: letOut }: FilesService) =>
  createRouter().openapi(release, async (c) => {
    const released = await letOut(c.get("caller"), c.req.valid("param").fileId, ifMatchVersion(c));
    return c.json(withEtag(c, released), 200);
  });
