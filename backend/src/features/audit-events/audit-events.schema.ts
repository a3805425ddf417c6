import { z } from "@hono/zod-openapi";
import { idSchema } from "../../http/ids.ts";
import { instant } from "../../http/openapi.ts";
import { pageQuery, pageSchema } from "../../http/pagination.ts";

const result = z
  .enum(["allowed", "denied"])
  .openapi({ description: "Whether it was done, or refused by the rules" });

export const auditEventSchema = z
  .object({
    id: idSchema,
    at: instant,
    action: z.string().openapi({
      example: "member.updated",
      description: "What was done; for most refusals, the `operationId` of what was asked for",
    }),
    actor: z.object({ type: z.enum(["user", "apiKey", "system"]), id: idSchema.nullable() }),
    target: z.object({ type: z.string(), id: z.string().nullable() }).nullable(),
    result,
    ip: z.string().nullable(),
    client: z.string().nullable().openapi({ description: "Name of the app build's client key" }),
    requestId: z.string().nullable(),
    changes: z
      .record(z.string(), z.unknown())
      .nullable()
      .openapi({ description: "Names of fields and states, never content; of a refusal, its `reason`" }),
  })
  .openapi("AuditEvent");

export const auditEventsSchema = pageSchema(auditEventSchema).openapi("AuditEvents");

const when = (description: string) =>
  z.iso
    .datetime({ offset: true, error: "Must be an RFC 3339 time" })
    .transform((text) => new Date(text))
    .optional()
    .openapi({ type: "string", format: "date-time", description });

export const auditExportQuery = z.strictObject({
  action: z
    .string()
    .max(100)
    .regex(/^\w+(\.\w+)*(\.\*)?$/, "Must be an action like member.updated, or a family like member.*")
    .optional()
    .openapi({ example: "member.*", description: "An action, or a family of them" }),
  actorId: idSchema.optional(),
  result: result.optional(),
  from: when("The first instant"),
  to: when("The first instant that is too late"),
});

export const auditEventsQuery = auditExportQuery.extend(pageQuery);

export const auditVerdictSchema = z
  .object({
    valid: z.boolean(),
    checked: z.int().openapi({ description: "Sealed events found intact" }),
    firstBroken: z
      .object({
        seal: z.int().openapi({ description: "Its number in the chain, from 1" }),
        problem: z.enum([
          "seal_missing",
          "seal_unlinked",
          "events_missing",
          "events_added",
          "contents_changed",
        ]),
        afterEventId: idSchema.nullable().openapi({ description: "The last intact event before it" }),
        upToEventId: idSchema.nullable().openapi({ description: "The last event that it covers" }),
        sealedAt: instant.nullable(),
      })
      .nullable()
      .openapi({ description: "A seal covers up to 1000 events: which of them was changed cannot be told" }),
  })
  .openapi("AuditVerdict");

export type AuditEvent = z.infer<typeof auditEventSchema>;
export type AuditEventPage = z.infer<typeof auditEventsSchema>;
export type AuditEventsQuery = z.infer<typeof auditEventsQuery>;
export type AuditFilter = z.infer<typeof auditExportQuery>;
