import { z } from "@hono/zod-openapi";

/** Lower case, as we write them: with one way to write an id, comparing two as text compares what they name. */
const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a path segment can name a row at all; what cannot is answered like a row that is not there. */
export const isId = (text: string): boolean => pattern.test(text);

export const idSchema = z
  .string()
  .regex(pattern, "Must be a UUID in lower case")
  .openapi({ format: "uuid", example: "0198d8a2-6a52-7c31-9d3b-0c3f6f6f2f10" });

/** Path parameters that are ids: a malformed one answers 404, so no pattern is checked here twice. */
export const idParam = (name: string, description: string) =>
  idSchema.openapi({ param: { name, in: "path" }, description });
