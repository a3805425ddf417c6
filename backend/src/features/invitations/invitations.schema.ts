import { z } from "@hono/zod-openapi";
import { emailSchema } from "../../http/fields.ts";
import { idSchema } from "../../http/ids.ts";
import { instant } from "../../http/openapi.ts";
import { pageQuery, pageSchema } from "../../http/pagination.ts";

const role = z.enum(["org_admin", "manager", "coach", "client"]);

export const invitationSchema = z
  .object({
    id: idSchema,
    email: z.string(),
    role,
    status: z.enum(["pending", "accepted", "declined", "revoked", "expired"]),
    expiresAt: instant.openapi({ description: "Seven days after it was last sent" }),
    invitedBy: idSchema
      .nullable()
      .openapi({ description: "User id; null for the platform and for who is gone" }),
    createdAt: instant,
    version: z.int(),
  })
  .openapi("Invitation");

export const createInvitationSchema = z
  .strictObject({ email: emailSchema, role })
  .openapi("CreateInvitation");

/** A row is judged on its own, so that one mistyped address does not hold up the others. */
export const bulkInvitationsSchema = z
  .strictObject({
    invitations: z
      .array(
        z.strictObject({
          email: z.string().max(1000).openapi({ format: "email", example: "ada@example.com" }),
          role: z.string().max(50).openapi({ enum: role.options, example: "client" }),
        }),
      )
      .min(1)
      .max(200),
  })
  .openapi("CreateInvitations");

export const bulkResultSchema = z
  .object({
    data: z
      .array(
        z.object({
          email: z.string(),
          role: z.string(),
          status: z.enum(["created", "failed"]),
          invitation: invitationSchema.optional(),
          code: z.string().optional().openapi({ description: "As in a problem", example: "conflict" }),
          message: z.string().optional(),
        }),
      )
      .openapi({ description: "One entry a row, in the order they were sent" }),
  })
  .openapi("InvitationResults");

export const invitationPreviewSchema = z
  .object({
    organizationName: z.string(),
    role,
    emailMasked: z.string().openapi({ example: "a•••@e•••.com" }),
    expiresAt: instant,
    status: z.literal("pending").openapi({ description: "Any other one is a 404" }),
  })
  .openapi("InvitationPreview");

export const invitationAnswerSchema = z
  .object({
    id: idSchema,
    organizationId: idSchema,
    organizationName: z.string(),
    memberId: idSchema.nullable().openapi({ description: "The membership it became; null when declined" }),
    email: z.string(),
    role,
    status: z.enum(["accepted", "declined"]),
  })
  .openapi("InvitationAnswer");

/** What cannot be a token of ours is a token that is not there. */
export const invitationToken = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/)
  .openapi({ param: { name: "token", in: "path" }, description: "From the link of the mail" });

export const invitationsQuery = z.strictObject(pageQuery);
export const invitationsSchema = pageSchema(invitationSchema).openapi("Invitations");

export type Invitation = z.infer<typeof invitationSchema>;
export type CreateInvitation = z.infer<typeof createInvitationSchema>;
export type BulkInvitations = z.infer<typeof bulkInvitationsSchema>;
export type BulkResult = z.infer<typeof bulkResultSchema>;
export type InvitationPreview = z.infer<typeof invitationPreviewSchema>;
export type InvitationAnswer = z.infer<typeof invitationAnswerSchema>;
export type InvitationsQuery = z.infer<typeof invitationsQuery>;
export type InvitationPage = z.infer<typeof invitationsSchema>;
