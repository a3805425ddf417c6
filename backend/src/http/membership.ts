import { z } from "@hono/zod-openapi";
import { idSchema } from "./ids.ts";

/** A person's place in an organization, as seen from the person. */
export const membershipSchema = z.object({
  memberId: idSchema,
  organizationId: idSchema,
  organizationName: z.string(),
  organizationSlug: z.string(),
  role: z.enum(["org_admin", "manager", "coach", "client"]),
  status: z.enum(["active", "suspended"]),
});
