import { z } from "@hono/zod-openapi";
import { emailSchema } from "../../http/fields.ts";
import { idSchema } from "../../http/ids.ts";
import { instant } from "../../http/openapi.ts";
import { pageQuery, pageSchema } from "../../http/pagination.ts";

const name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine((text) => !/\p{Cc}/u.test(text), "Must not contain control characters")
  .openapi({ example: "Northwind Coaching" });

const slug = z
  .string()
  .min(1)
  .max(50)
  .regex(/^[a-z0-9-]+$/, "Only lower-case letters, digits and hyphens")
  .openapi({ example: "northwind", description: "Unique over all organizations" });

export const organizationSchema = z
  .object({
    id: idSchema,
    name: z.string(),
    slug: z.string(),
    logoFileId: idSchema.nullable(),
    status: z
      .enum(["active", "suspended", "deleted"])
      .openapi({ description: "`deleted` is seen by platform admins only, for 30 days" }),
    createdAt: instant,
    version: z.int(),
  })
  .openapi("Organization");

export const createOrganizationSchema = z
  .strictObject({
    name,
    slug,
    adminEmail: emailSchema.optional().openapi({ description: "Invited as org_admin" }),
  })
  .openapi("CreateOrganization");
export const updateOrganizationSchema = z
  .strictObject({ name: name.optional(), slug: slug.optional() })
  .openapi("UpdateOrganization");

const role = z.enum(["org_admin", "manager", "coach", "client"]);

const settings = {
  clientsSeeDirectory: z.boolean().openapi({ description: "Clients see every coach, not only their own" }),
  coachesInviteClients: z.boolean().openapi({ description: "Coaches may invite clients" }),
  twoFactorRoles: z
    .array(role)
    .max(4)
    .refine((roles) => new Set(roles).size === roles.length, "Each role once")
    .openapi({ description: "Members of these roles may only enrol until they have a second factor" }),
};

export const organizationSettingsSchema = z
  .object({ ...settings, version: z.int() })
  .openapi("OrganizationSettings");

export const updateOrganizationSettingsSchema = z
  .strictObject(settings)
  .partial()
  .openapi("UpdateOrganizationSettings");

export const organizationsQuery = z.strictObject(pageQuery);
export const organizationsSchema = pageSchema(organizationSchema).openapi("Organizations");

export type Organization = z.infer<typeof organizationSchema>;
export type CreateOrganization = z.infer<typeof createOrganizationSchema>;
export type UpdateOrganization = z.infer<typeof updateOrganizationSchema>;
export type OrganizationsQuery = z.infer<typeof organizationsQuery>;
export type OrganizationPage = z.infer<typeof organizationsSchema>;
export type OrganizationSettings = z.infer<typeof organizationSettingsSchema>;
export type UpdateOrganizationSettings = z.infer<typeof updateOrganizationSettingsSchema>;
