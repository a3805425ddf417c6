import { redisUrl } from "../values/redis-url.ts";
import { password } from "../values/secret.ts";
import type { Variable } from "../variable.ts";

export const redis = {
  REDIS_URL: {
    type: redisUrl,
    derived: "limits are counted in this process",
    secret: true,
    about: "Redis that counts limits for all instances; needed as soon as there is more than one",
  },
  REDIS_PASSWORD: { type: password, secret: true, about: "Replaces the password in REDIS_URL" },
} satisfies Record<string, Variable<unknown>>;
