import { z } from "@hono/zod-openapi";

/** Query of every list. */
export const pageQuery = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(20)
    .openapi({ description: "Rows a page", example: 20 }),
  cursor: z.string().max(1000).optional().openapi({ description: "`page.nextCursor` of the page before" }),
};

/** Answer of every list. */
export const pageSchema = <S extends z.ZodType>(row: S) =>
  z.object({
    data: z.array(row),
    page: z.object({ nextCursor: z.string().nullable(), hasMore: z.boolean() }),
  });
