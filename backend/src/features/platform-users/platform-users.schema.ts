import { z } from "@hono/zod-openapi";
import { personSearch } from "../../http/fields.ts";
import { idSchema } from "../../http/ids.ts";
import { membershipSchema } from "../../http/membership.ts";
import { instant } from "../../http/openapi.ts";
import { pageQuery, pageSchema } from "../../http/pagination.ts";

export const platformUserSchema = z
  .object({
    id: idSchema,
    email: z.string(),
    name: z.string(),
    emailVerified: z.boolean(),
    globalRole: z.literal("platform_admin").nullable(),
    twoFactorEnabled: z.boolean(),
    bannedAt: instant.nullable(),
    createdAt: instant,
    version: z.int(),
    memberships: z.array(membershipSchema),
  })
  .openapi("PlatformUser");

export const updatePlatformUserSchema = z
  .strictObject({
    globalRole: z
      .literal("platform_admin")
      .nullable()
      .openapi({ description: "Given only to who has a verified address and is not banned" }),
  })
  .openapi("UpdatePlatformUser");

export const platformUsersQuery = z.strictObject({ ...pageQuery, q: personSearch.optional() });
export const platformUsersSchema = pageSchema(platformUserSchema).openapi("PlatformUsers");

export type PlatformUser = z.infer<typeof platformUserSchema>;
export type UpdatePlatformUser = z.infer<typeof updatePlatformUserSchema>;
export type PlatformUsersQuery = z.infer<typeof platformUsersQuery>;
export type PlatformUserPage = z.infer<typeof platformUsersSchema>;
