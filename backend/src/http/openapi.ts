import { z } from "@hono/zod-openapi";
import { tells } from "./openapi-headers.ts";

export const problemSchema = z
  .object({
    type: z.string().openapi({ description: "URN of the problem's kind" }),
    title: z.string(),
    status: z.int(),
    detail: z.string().openapi({ description: "What happened, for a person" }),
    instance: z.string().openapi({ description: "Path of the request" }),
    code: z.string().openapi({ description: "Stable, for programs", example: "not_found" }),
    requestId: z.string(),
    error: z.string().openapi({ description: "Same as `title`" }),
    message: z.string().openapi({ description: "Same as `detail`" }),
    details: z.array(z.object({ field: z.string(), message: z.string() })),
  })
  .openapi("Problem");

/** A declared refusal. */
export const problemResponse = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: problemSchema } },
});

/** A declared JSON answer. */
export const jsonResponse = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: { "application/json": { schema } },
});

/** What was made, with `Location`. */
export const createdResponse = <S extends z.ZodType>(description: string, schema: S) => ({
  ...jsonResponse(description, schema),
  headers: tells("Location"),
});

/** For 412, by which an operation also says that it takes `If-Match`. */
export const staleVersion = problemResponse("`If-Match` names an older version");

/** A declared JSON body. */
export const jsonBody = <S extends z.ZodType>(schema: S) => ({
  required: true,
  content: { "application/json": { schema } },
});

/** An instant on the wire. */
export const instant = z.string().openapi({ format: "date-time", example: "2026-11-21T09:30:00.000Z" });
