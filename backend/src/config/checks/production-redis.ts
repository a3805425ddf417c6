import { passwordInUrl } from "../values/redis-url.ts";
import { isPlaceholder } from "../weak-secret.ts";
import { type Check, check, when } from "./check.ts";

export const productionRedis: readonly Check[] = [
  check({
    name: "Redis asks for a password",
    reads: ["REDIS_PASSWORD", "REDIS_URL"],
    problem: ({ REDIS_URL: url, REDIS_PASSWORD: password }) =>
      when(
        url !== undefined && (password ?? passwordInUrl(url)) === "",
        "is missing, and REDIS_URL has no password either",
      ),
    fix: "start Redis with requirepass, and set it to that password",
  }),
  check({
    name: "The Redis password is not a sample",
    reads: ["REDIS_PASSWORD", "REDIS_URL"],
    problem: ({ REDIS_URL: url, REDIS_PASSWORD: password }) =>
      when(url !== undefined && isPlaceholder(password ?? passwordInUrl(url)), "is a sample"),
    fix: "give Redis a generated password",
  }),
];
