import { z } from "@hono/zod-openapi";

/** Query of every list. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, "Must be a whole number")
    .transform(Number)
    .pipe(z.number().min(1).max(100))
    .default(20)
    .openapi({ type: "integer", minimum: 1, maximum: 100, default: 20, description: "Rows a page" }),
  cursor: z.string().max(1000).optional().openapi({ description: "`page.nextCursor` of the page before" }),
};

/** Answer of every list. */
export const pageSchema = <S extends z.ZodType>(row: S) =>
  z.object({
    data: z.array(row),
    page: z.object({ nextCursor: z.string().nullable(), hasMore: z.boolean() }),
  });
