import { z } from "@hono/zod-openapi";
import { idSchema } from "../../http/ids.ts";
import { pageQuery, pageSchema } from "../../http/pagination.ts";
import { organizationTargets } from "./files.list.policy.ts";
import { fileSchema } from "./files.schema.ts";

export const filesQuery = z.strictObject({
  ...pageQuery,
  organizationId: idSchema.openapi({ description: "Whose files" }),
  target: z.enum(organizationTargets).optional(),
  status: z.enum(["processing", "ready", "quarantined", "rejected"]).optional().openapi({
    description:
      "`quarantined` is for org_admins and platform admins, all but `ready` and that for managers, too",
  }),
});

export const filesSchema = pageSchema(fileSchema).openapi("Files");

export type FilesQuery = z.infer<typeof filesQuery>;
export type FilePage = z.infer<typeof filesSchema>;
