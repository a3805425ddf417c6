import { integer, timestamp, uuid } from "drizzle-orm/pg-core";
import { v7 as uuidv7 } from "uuid";

/** Time-ordered primary key, made here so that a row's id is known before it is written. */
export const id = () =>
  uuid("id")
    .primaryKey()
    .$defaultFn(() => uuidv7());

/** An instant; always with time zone. */
export const at = (name: string) => timestamp(name, { withTimezone: true });

export const createdAt = () => at("created_at").notNull().defaultNow();
export const updatedAt = () => at("updated_at").notNull().defaultNow();

/** Raised by one on every update; the ETag of the row. */
export const version = () => integer("version").notNull().default(1);
