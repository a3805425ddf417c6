import { wholeNumber } from "../values/basic.ts";
import { databaseUrl } from "../values/database-url.ts";
import { password } from "../values/secret.ts";
import type { Variable } from "../variable.ts";

export const database = {
  DATABASE_URL: {
    type: databaseUrl,
    required: "always",
    secret: true,
    about: "PostgreSQL as the least-privilege role coaching_app; the dev command supplies it",
  },
  DATABASE_PASSWORD: {
    type: password,
    secret: true,
    about: "Replaces the password in DATABASE_URL",
  },
  DATABASE_OWNER_URL: {
    type: databaseUrl,
    secret: true,
    about: "PostgreSQL as coaching_owner, for migrations and restores only",
  },
  DATABASE_OWNER_PASSWORD: {
    type: password,
    secret: true,
    about: "Replaces the password in DATABASE_OWNER_URL",
  },
  DATABASE_POOL_MAX: { type: wholeNumber(1, 500), default: "10", about: "Most connections of this process" },
} satisfies Record<string, Variable<unknown>>;
