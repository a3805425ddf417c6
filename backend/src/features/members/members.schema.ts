import { z } from "@hono/zod-openapi";
import { personSearch } from "../../http/fields.ts";
import { idSchema } from "../../http/ids.ts";
import { instant } from "../../http/openapi.ts";
import { pageQuery, pageSchema } from "../../http/pagination.ts";

const role = z.enum(["org_admin", "manager", "coach", "client"]);

export const memberSchema = z
  .object({
    id: idSchema,
    userId: idSchema,
    organizationId: idSchema,
    name: z.string(),
    email: z.string(),
    role,
    status: z
      .enum(["active", "suspended", "removed"])
      .openapi({ description: "`removed` is only seen in the answer to leaving" }),
    joinedAt: instant,
    version: z.int(),
  })
  .openapi("Member");

export const updateMemberSchema = z
  .strictObject({
    role: role.openapi({ description: "`org_admin` needs a fresh credential" }),
    status: z.enum(["active", "suspended"]),
  })
  .partial()
  .openapi("UpdateMember");

export const membersQuery = z.strictObject({
  ...pageQuery,
  role: role.optional(),
  status: z.enum(["active", "suspended"]).optional(),
  q: personSearch.optional(),
});

export const membersSchema = pageSchema(memberSchema).openapi("Members");

export type Member = z.infer<typeof memberSchema>;
export type UpdateMember = z.infer<typeof updateMemberSchema>;
export type MembersQuery = z.infer<typeof membersQuery>;
export type MemberPage = z.infer<typeof membersSchema>;
