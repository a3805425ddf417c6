import { describe, expect, it } from "vitest";
import type { Environment } from "../../src/config/variable.ts";
import { problemsOf } from "./problems.ts";
import { developmentEnv, productionEnv, productionS3Env } from "./production-env.ts";

/** Why, what is changed, and the only variable that may be blamed. */
type Row = readonly [why: string, change: Environment, variable: string];

const short = "Zk3Qv7pW8s1kZbX0q3";
const strong = "A7f0Kq2mZx9Lw4Tn8Vr1Yc6Pb3Hs5Dju";
const database = (user: string, password: string) => `postgres://${user}:${password}@db:5432/coaching_app`;

const refused: readonly Row[] = [
  ["no auth secret", { BETTER_AUTH_SECRETS: undefined }, "BETTER_AUTH_SECRETS"],
  [
    "a short single auth secret",
    { BETTER_AUTH_SECRET: short, BETTER_AUTH_SECRETS: "" },
    "BETTER_AUTH_SECRET",
  ],
  ["a short auth secret", { BETTER_AUTH_SECRETS: `1:${short}` }, "BETTER_AUTH_SECRETS"],
  ["a placeholder as auth secret", { BETTER_AUTH_SECRETS: `1:change-me-${strong}` }, "BETTER_AUTH_SECRETS"],
  [
    "the development secret",
    { BETTER_AUTH_SECRETS: "1:development-only-secret-that-signs-sign-ins" },
    "BETTER_AUTH_SECRETS",
  ],
  ["an auth secret of one character", { BETTER_AUTH_SECRETS: `1:${"a".repeat(64)}` }, "BETTER_AUTH_SECRETS"],
  [
    "an auth secret that repeats",
    { BETTER_AUTH_SECRETS: `1:${"k3N8vQ1x".repeat(8)}` },
    "BETTER_AUTH_SECRETS",
  ],
  [
    "an auth secret that counts",
    { BETTER_AUTH_SECRETS: "1:0123456789abcdefghijklmnopqrstuvwxyz" },
    "BETTER_AUTH_SECRETS",
  ],
  [
    "a weak older auth secret",
    { BETTER_AUTH_SECRETS: `2:${strong},1:${"ab".repeat(20)}` },
    "BETTER_AUTH_SECRETS",
  ],
  [
    "a weak single secret",
    { BETTER_AUTH_SECRET: "ab".repeat(20), BETTER_AUTH_SECRETS: "" },
    "BETTER_AUTH_SECRET",
  ],
  ["no data key", { DATA_KEYS: undefined }, "DATA_KEYS"],
  ["a placeholder as data key", { DATA_KEYS: `1:change-me-${strong}` }, "DATA_KEYS"],
  ["the development data key", { DATA_KEYS: "1:development-only-secret-that-encrypts-columns" }, "DATA_KEYS"],
  ["a weak older data key", { DATA_KEYS: `2:${strong},1:${"ab".repeat(20)}` }, "DATA_KEYS"],
  ["the auth secret as data key", { DATA_KEYS: productionEnv.BETTER_AUTH_SECRETS }, "DATA_KEYS"],
  ["the signing key as data key", { DATA_KEYS: `1:${productionEnv.STORAGE_SIGNING_KEY}` }, "DATA_KEYS"],
  ["no API address", { BETTER_AUTH_URL: "" }, "BETTER_AUTH_URL"],
  ["an http API address", { BETTER_AUTH_URL: "http://api.coaching.test" }, "BETTER_AUTH_URL"],
  ["no web client", { FRONTEND_URL: undefined }, "FRONTEND_URL"],
  ["an http web client", { FRONTEND_URL: "http://app.coaching.test" }, "FRONTEND_URL"],
  ["no CORS origin", { CORS_ORIGIN: undefined }, "CORS_ORIGIN"],
  ["any origin", { CORS_ORIGIN: "*" }, "CORS_ORIGIN"],
  ["the null origin", { CORS_ORIGIN: "https://app.coaching.test,null" }, "CORS_ORIGIN"],
  ["an origin with a path", { CORS_ORIGIN: "https://app.coaching.test/app" }, "CORS_ORIGIN"],
  ["an origin with a slash", { CORS_ORIGIN: "https://app.coaching.test/" }, "CORS_ORIGIN"],
  ["an origin in capitals", { CORS_ORIGIN: "https://App.coaching.test" }, "CORS_ORIGIN"],
  ["an origin with its default port", { CORS_ORIGIN: "https://app.coaching.test:443" }, "CORS_ORIGIN"],
  ["a wildcard subdomain", { CORS_ORIGIN: "https://*.coaching.test/" }, "CORS_ORIGIN"],
  ["localhost as origin", { CORS_ORIGIN: "https://app.coaching.test,https://localhost:5173" }, "CORS_ORIGIN"],
  ["127.0.0.1 as origin", { CORS_ORIGIN: "https://127.0.0.1:5173" }, "CORS_ORIGIN"],
  ["[::1] as origin", { CORS_ORIGIN: "https://[::1]:5173" }, "CORS_ORIGIN"],
  ["an http origin", { CORS_ORIGIN: "http://app.coaching.test" }, "CORS_ORIGIN"],
  ["no client key", { CLIENT_API_KEY: undefined }, "CLIENT_API_KEY"],
  ["a short client key", { CLIENT_API_KEY: short }, "CLIENT_API_KEY"],
  ["a short client key in a list", { CLIENT_API_KEY: `web:${strong},ios:${short}` }, "CLIENT_API_KEY"],
  ["a client key that repeats", { CLIENT_API_KEY: `web:${"k3N8vQ1x".repeat(4)}` }, "CLIENT_API_KEY"],
  ["storage that is not named", { STORAGE_DRIVER: undefined }, "STORAGE_DRIVER"],
  ["no signing key", { STORAGE_SIGNING_KEY: undefined }, "STORAGE_SIGNING_KEY"],
  ["a short signing key", { STORAGE_SIGNING_KEY: short }, "STORAGE_SIGNING_KEY"],
  ["a weak signing key", { STORAGE_SIGNING_KEY: "ab".repeat(20) }, "STORAGE_SIGNING_KEY"],
  ["no database", { DATABASE_URL: undefined }, "DATABASE_URL"],
  ["the database superuser", { DATABASE_URL: database("postgres", "Zk3Qv7pW8s1k") }, "DATABASE_URL"],
  [
    "the superuser, percent-encoded",
    { DATABASE_URL: database("%70ostgres", "Zk3Qv7pW8s1k") },
    "DATABASE_URL",
  ],
  [
    "the owner as database user",
    { DATABASE_URL: database("coaching_owner", "Zk3Qv7pW8s1k") },
    "DATABASE_URL",
  ],
  [
    "the migration user",
    { DATABASE_URL: database("ann", "Zk3Qv7"), DATABASE_OWNER_URL: database("ann", "Zk3Qv7") },
    "DATABASE_URL",
  ],
  ["a placeholder database password", { DATABASE_URL: database("coaching_app", "changeme") }, "DATABASE_URL"],
  ["a database password like its user", { DATABASE_PASSWORD: "coaching_app" }, "DATABASE_URL"],
  [
    "a placeholder owner password",
    { DATABASE_OWNER_URL: database("coaching_owner", "password") },
    "DATABASE_OWNER_URL",
  ],
  ["Redis without a password", { REDIS_URL: "redis://redis:6379" }, "REDIS_PASSWORD"],
  [
    "a sample Redis password",
    { REDIS_URL: "redis://redis:6379", REDIS_PASSWORD: "changeme" },
    "REDIS_PASSWORD",
  ],
  ["no mail server", { SMTP_HOST: undefined }, "SMTP_HOST"],
  ["mailpit", { SMTP_HOST: "mailpit" }, "SMTP_HOST"],
  ["mailhog", { SMTP_HOST: "mailhog.internal" }, "SMTP_HOST"],
  ["mail to this machine", { SMTP_HOST: "localhost" }, "SMTP_HOST"],
  ["a placeholder mail password", { SMTP_USER: "u", SMTP_PASS: "changeme" }, "SMTP_PASS"],
  ["mail over an unverified certificate", { SMTP_TLS_VERIFY: "false" }, "SMTP_TLS_VERIFY"],
  ["plain text on the TLS port", { SMTP_PORT: "465", SMTP_SECURE: "off" }, "SMTP_SECURE"],
  ["no sender", { MAIL_FROM: undefined }, "MAIL_FROM"],
  ["a malformed proxy", { TRUSTED_PROXIES: "10.0.0.0/33" }, "TRUSTED_PROXIES"],
  ["the whole internet as proxy", { TRUSTED_PROXIES: "0.0.0.0/0" }, "TRUSTED_PROXIES"],
  ["demo data", { DEMO_DATA: "on" }, "DEMO_DATA"],
  ["a weak metrics token", { METRICS_TOKEN: "ab".repeat(20) }, "METRICS_TOKEN"],
  [
    "a sample bootstrap password",
    { BOOTSTRAP_ADMIN_EMAIL: "a@b.test", BOOTSTRAP_ADMIN_PASSWORD: "changeme" },
    "BOOTSTRAP_ADMIN_PASSWORD",
  ],
  ["a malformed oldest version", { MIN_APP_VERSION: "2" }, "MIN_APP_VERSION"],
];

const refusedOnS3: readonly Row[] = [
  ["storage that is not named", { STORAGE_DRIVER: undefined }, "STORAGE_DRIVER"],
  ["the default user", { S3_ACCESS_KEY_ID: "minioadmin" }, "S3_ACCESS_KEY_ID"],
  ["the default password", { S3_SECRET_ACCESS_KEY: "minioadmin" }, "S3_SECRET_ACCESS_KEY"],
  ["a placeholder password", { S3_SECRET_ACCESS_KEY: "change_me" }, "S3_SECRET_ACCESS_KEY"],
  ["the default user for uploads", { S3_UPLOAD_ACCESS_KEY_ID: "rustfsadmin" }, "S3_UPLOAD_ACCESS_KEY_ID"],
  [
    "the default password for uploads",
    { S3_UPLOAD_SECRET_ACCESS_KEY: "minio123" },
    "S3_UPLOAD_SECRET_ACCESS_KEY",
  ],
  [
    "no key for uploads",
    { S3_UPLOAD_ACCESS_KEY_ID: "", S3_UPLOAD_SECRET_ACCESS_KEY: "" },
    "S3_UPLOAD_ACCESS_KEY_ID",
  ],
  ["the same key for uploads", { S3_UPLOAD_ACCESS_KEY_ID: "coaching-app" }, "S3_UPLOAD_ACCESS_KEY_ID"],
  ["half a key for uploads", { S3_UPLOAD_SECRET_ACCESS_KEY: "" }, "S3_UPLOAD_ACCESS_KEY_ID"],
  ["no endpoint", { S3_ENDPOINT: "" }, "S3_ENDPOINT"],
  ["no key", { S3_ACCESS_KEY_ID: "" }, "S3_ACCESS_KEY_ID"],
  ["half a key", { S3_SECRET_ACCESS_KEY: "" }, "S3_SECRET_ACCESS_KEY"],
  ["http for clients", { S3_PUBLIC_ENDPOINT: "" }, "S3_PUBLIC_ENDPOINT"],
];

/** What no mode accepts. */
const refusedAnywhere: readonly Row[] = [
  ["an unknown mode", { ...productionEnv, NODE_ENV: "staging" }, "NODE_ENV"],
  ["no database", { DATABASE_URL: "" }, "DATABASE_URL"],
  ["another database", { DATABASE_URL: "mysql://a:b@c/d" }, "DATABASE_URL"],
  ["a database password that is not encoded", { DATABASE_URL: "postgres://a:b%zz@c/d" }, "DATABASE_URL"],
  ["a port out of range", { PORT: "65536" }, "PORT"],
  ["a port that is no number", { PORT: "3001x" }, "PORT"],
  ["a negative number", { DATABASE_POOL_MAX: "-1" }, "DATABASE_POOL_MAX"],
  ["no connections at all", { DATABASE_POOL_MAX: "0" }, "DATABASE_POOL_MAX"],
  ["an undecided switch", { WORKER: "maybe" }, "WORKER"],
  ["an unknown sign-up mode", { SIGNUP_MODE: "closed" }, "SIGNUP_MODE"],
  ["an API address with a path", { BETTER_AUTH_URL: "https://a.test/api" }, "BETTER_AUTH_URL"],
  ["a web client with a query", { FRONTEND_URL: "https://a.test/?x=1" }, "FRONTEND_URL"],
  ["a script as web client", { FRONTEND_URL: "javascript:alert(1)" }, "FRONTEND_URL"],
  ["a password in an address", { FRONTEND_URL: "https://u:p@a.test" }, "FRONTEND_URL"],
  ["a header in the HSTS value", { HSTS_VALUE: "max-age=1\r\nX-Evil: 1" }, "HSTS_VALUE"],
  ["a header in the sender", { MAIL_FROM: "a@b.test\r\nBcc: c@d.test" }, "MAIL_FROM"],
  ["a name as proxy", { TRUSTED_PROXIES: "10.0.0.1,proxy" }, "TRUSTED_PROXIES"],
  ["a proxy in short form", { TRUSTED_PROXIES: "10.1" }, "TRUSTED_PROXIES"],
  ["a ring without versions", { BETTER_AUTH_SECRETS: strong }, "BETTER_AUTH_SECRETS"],
  ["a version twice", { BETTER_AUTH_SECRETS: `1:${strong},1:${strong}x` }, "BETTER_AUTH_SECRETS"],
  ["data keys without versions", { DATA_KEYS: strong }, "DATA_KEYS"],
  ["a short data key", { DATA_KEYS: `1:${short}` }, "DATA_KEYS"],
  ["a ring of commas", { BETTER_AUTH_SECRETS: ",," }, "BETTER_AUTH_SECRETS"],
  [
    "two secrets of version 1",
    { BETTER_AUTH_SECRETS: `1:${strong}`, BETTER_AUTH_SECRET: `${strong}x` },
    "BETTER_AUTH_SECRET",
  ],
  ["a client key without a name in a list", { CLIENT_API_KEY: `web:${strong},${strong}x` }, "CLIENT_API_KEY"],
  [
    "a retired key that is current",
    { CLIENT_API_KEY: strong, CLIENT_API_KEY_RETIRED: strong },
    "CLIENT_API_KEY_RETIRED",
  ],
  ["an admin without password", { BOOTSTRAP_ADMIN_EMAIL: "a@b.test" }, "BOOTSTRAP_ADMIN_EMAIL"],
  ["an admin without e-mail", { BOOTSTRAP_ADMIN_PASSWORD: "Zk3Qv7pW8" }, "BOOTSTRAP_ADMIN_EMAIL"],
  [
    "a short admin password",
    { BOOTSTRAP_ADMIN_EMAIL: "a@b.test", BOOTSTRAP_ADMIN_PASSWORD: "Zk3Qv7p" },
    "BOOTSTRAP_ADMIN_PASSWORD",
  ],
  ["a mail user without password", { SMTP_USER: "u" }, "SMTP_USER"],
  ["a short metrics token", { METRICS_TOKEN: short }, "METRICS_TOKEN"],
  [
    "an S3 store without a key",
    { S3_ENDPOINT: "http://store", S3_SECRET_ACCESS_KEY: "x" },
    "S3_ACCESS_KEY_ID",
  ],
  ["another encryption", { S3_SSE: "none" }, "S3_SSE"],
  [
    "a key for an encryption that has none",
    { S3_SSE: "AES256", S3_SSE_KMS_KEY_ID: "key" },
    "S3_SSE_KMS_KEY_ID",
  ],
];

describe("production", () => {
  it("accepts a complete environment, on disk and on S3", () => {
    expect(problemsOf(productionEnv)).toEqual([]);
    expect(problemsOf(productionS3Env)).toEqual([]);
  });

  it("may be tried on this machine without TLS", () => {
    const local = { BETTER_AUTH_URL: "http://localhost:3001", FRONTEND_URL: "http://127.0.0.1:5173" };
    expect(problemsOf({ ...productionEnv, ...local })).toEqual([]);
  });

  it.each(refused)("refuses %s", (_why, change, variable) => {
    expect(problemsOf({ ...productionEnv, ...change }).map((p) => p.variable)).toEqual([variable]);
  });

  it.each(refusedOnS3)("refuses an S3 store with %s", (_why, change, variable) => {
    expect(problemsOf({ ...productionS3Env, ...change }).map((p) => p.variable)).toEqual([variable]);
  });

  it("names everything that is missing at once", () => {
    const missing = problemsOf({ NODE_ENV: "production" }).map((p) => p.variable);
    expect(missing.toSorted()).toEqual([
      "BETTER_AUTH_SECRETS",
      "BETTER_AUTH_URL",
      "CLIENT_API_KEY",
      "CORS_ORIGIN",
      "DATABASE_URL",
      "DATA_KEYS",
      "FRONTEND_URL",
      "MAIL_FROM",
      "SMTP_HOST",
      "STORAGE_DRIVER",
    ]);
  });
});

describe("every mode", () => {
  it.each(refusedAnywhere)("refuses %s", (_why, change, variable) => {
    expect(problemsOf({ ...developmentEnv, ...change }).map((p) => p.variable)).toEqual([variable]);
  });
});
