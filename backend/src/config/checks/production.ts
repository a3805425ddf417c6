import { isLoopback } from "../values/network.ts";
import { isPlaceholder, weakestOf, weaknessOf } from "../weak-secret.ts";
import { type Check, check, when } from "./check.ts";
import { productionDatabase } from "./production-database.ts";
import { productionMail } from "./production-mail.ts";
import { productionRedis } from "./production-redis.ts";
import { productionStorage } from "./production-storage.ts";

const generate = "make one with: coachctl secrets generate";

const isOpen = (url: string): boolean => new URL(url).protocol !== "https:";
const isOpenToOthers = (url: string): boolean => isOpen(url) && !isLoopback(new URL(url).hostname);

/** Why a production server refuses to start. The same list is the first part of `preflight`. */
export const production: readonly Check[] = [
  check({
    name: "An auth secret is set",
    reads: ["BETTER_AUTH_SECRETS", "BETTER_AUTH_SECRET"],
    problem: (s) => when(!s.BETTER_AUTH_SECRETS && !s.BETTER_AUTH_SECRET, "is missing"),
    fix: generate,
  }),
  check({
    name: "Auth secrets are strong",
    reads: ["BETTER_AUTH_SECRETS"],
    problem: (s) => weakestOf((s.BETTER_AUTH_SECRETS ?? []).map(({ value }) => value)),
    fix: generate,
  }),
  check({
    name: "The single auth secret is strong",
    reads: ["BETTER_AUTH_SECRET"],
    problem: (s) => s.BETTER_AUTH_SECRET && weaknessOf(s.BETTER_AUTH_SECRET),
    fix: generate,
  }),
  check({
    name: "Data keys are strong",
    reads: ["DATA_KEYS"],
    problem: (s) => weakestOf((s.DATA_KEYS ?? []).map(({ value }) => value)),
    fix: generate,
  }),
  check({
    name: "The bootstrap password is not a sample",
    reads: ["BOOTSTRAP_ADMIN_PASSWORD"],
    problem: (s) =>
      when(
        isPlaceholder(s.BOOTSTRAP_ADMIN_PASSWORD ?? ""),
        "is a placeholder or contains a common word of samples",
      ),
    fix: "choose another password",
  }),
  check({
    name: "The API is reached by https",
    reads: ["BETTER_AUTH_URL"],
    problem: (s) => when(isOpenToOthers(s.BETTER_AUTH_URL ?? ""), "is not https"),
    fix: "put TLS in front and set it to https://…; http is for localhost only",
  }),
  check({
    name: "The web client is reached by https",
    reads: ["FRONTEND_URL"],
    problem: (s) => when(isOpenToOthers(s.FRONTEND_URL), "is not https"),
    fix: "set it to https://…; http is for localhost only",
  }),
  check({
    name: "CORS allows no local origin",
    reads: ["CORS_ORIGIN"],
    problem: (s) =>
      when(
        (s.CORS_ORIGIN ?? []).some((o) => isLoopback(new URL(o).hostname)),
        "names a local origin",
      ),
    fix: "name only the origins of production web clients",
  }),
  check({
    name: "CORS allows only https origins",
    reads: ["CORS_ORIGIN"],
    problem: (s) => when((s.CORS_ORIGIN ?? []).some(isOpenToOthers), "names an origin that is not https"),
    fix: "name only https origins",
  }),
  check({
    name: "Client keys are strong",
    reads: ["CLIENT_API_KEY"],
    problem: (s) => weakestOf((s.CLIENT_API_KEY ?? []).map(({ key }) => key)),
    fix: generate,
  }),
  check({
    name: "The metrics token is strong",
    reads: ["METRICS_TOKEN"],
    problem: (s) => weakestOf(s.METRICS_TOKEN ?? []),
    fix: generate,
  }),
  check({
    name: "There is no demo data",
    reads: ["DEMO_DATA"],
    problem: (s) => when(s.DEMO_DATA, "is on, which creates accounts with known passwords"),
    fix: "remove it or set it to off",
  }),
  ...productionDatabase,
  ...productionRedis,
  ...productionStorage,
  ...productionMail,
];
