import { z } from "@hono/zod-openapi";
import { instant } from "../../http/openapi.ts";

export const rootSchema = z
  .object({ name: z.string(), version: z.string(), docs: z.string() })
  .openapi("Root");

export const healthSchema = z
  .object({
    status: z.literal("ok"),
    uptime: z.int().openapi({ description: "Seconds since start" }),
    version: z.string(),
  })
  .openapi("Health");

export const liveSchema = z.object({ status: z.literal("ok") }).openapi("Live");

const checkState = z.enum(["ok", "degraded", "down", "off"]);

export const readySchema = z
  .object({
    status: checkState,
    checks: z.object({
      database: checkState,
      migrations: checkState,
      storage: checkState,
      queue: checkState,
      scanner: checkState,
      secrets: checkState,
      redis: checkState,
    }),
  })
  .openapi("Ready");

export const errorStatsSchema = z
  .object({
    since: instant,
    total: z.int(),
    byClass: z.object({ "4xx": z.int(), "5xx": z.int() }),
    byCode: z.record(z.string(), z.int()),
  })
  .openapi("ErrorStats");

const budget = z.object({ max: z.int(), windowSeconds: z.int() });

export const publicConfigSchema = z
  .object({
    limits: z.object({ requests: budget, writes: budget, auth: budget }),
    uploads: z.record(
      z.string(),
      z.object({
        maxBytes: z.int(),
        types: z.array(z.string()).openapi({ description: "Regular expressions over the media type" }),
      }),
    ),
    password: z.object({ minLength: z.int(), maxLength: z.int() }),
    signupMode: z.enum(["open", "invite_only"]),
    organizationSignup: z.enum(["open", "closed"]),
    emailVerificationRequired: z.boolean(),
    policies: z.object({ privacyUrl: z.string().nullable(), termsUrl: z.string().nullable() }),
  })
  .openapi("PublicConfig");

export type Ready = z.infer<typeof readySchema>;
export type CheckState = z.infer<typeof checkState>;
export type PublicConfig = z.infer<typeof publicConfigSchema>;
export type Health = z.infer<typeof healthSchema>;
