import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { ConfigError } from "../../src/config/config-error.ts";
import { parseEnv } from "../../src/config/parse-env.ts";
import { developmentEnv, productionEnv, productionS3Env } from "./production-env.ts";

const one = "A7f0Kq2mZx9Lw4Tn8Vr1Yc6Pb3Hs5Dju";
const two = "Hs5DjuA7f0Kq2mZx9Lw4Tn8Vr1Yc6Pb3";
const development = (change = {}) => parseEnv({ ...developmentEnv, ...change });

describe("development", () => {
  it("needs nothing but a database", () => {
    expect(development()).toEqual({
      mode: "development",
      version: manifest.version,
      host: "127.0.0.1",
      port: 3001,
      dataDir: resolve(".data"),
      publicUrl: "http://localhost:3001",
      frontendUrl: "http://localhost:5173",
      corsOrigins: ["http://localhost:5173"],
      trustedProxies: [],
      hsts: "max-age=15552000; includeSubDomains",
      logLevel: "info",
      database: { url: developmentEnv.DATABASE_URL, ownerUrl: undefined, poolMax: 10 },
      auth: {
        secrets: [{ version: 1, value: expect.stringContaining("development-only") }],
        sessionMaxDays: 30,
        argon2Concurrency: 2,
        requireEmailVerification: false,
        signupMode: "open",
        organizationSignup: "open",
        bootstrapAdmin: undefined,
      },
      dataKeys: [{ version: 1, value: "development-only-secret-that-encrypts-columns" }],
      clientKeys: [],
      backupRecipients: [],
      clientKeyRequired: false,
      limits: {
        all: { max: 600, window: 600 },
        write: { max: 300, window: 600 },
        auth: { max: 10, window: 60 },
        authFailures: { max: 1000, window: 900 },
      },
      scan: { mode: "off" },
      storage: { driver: "disk", signingKeys: [expect.stringContaining("development-only")] },
      mail: { driver: "file", from: "Coaching App <no-reply@localhost>" },
      fileLimits: { avatar: 5_242_880, orgLogo: 5_242_880, organizationFile: 104_857_600 },
      storageQuota: 53_687_091_200,
      imageOriginals: "keep",
      worker: true,
      minAppVersion: undefined,
      securityContacts: [],
      policies: { privacyUrl: undefined, termsUrl: undefined },
      demoData: true,
      metricsTokens: [],
      metricsPort: undefined,
      traces: undefined,
    });
  });

  it("takes an empty variable for one that is not set, and ignores unknown ones", () => {
    expect(development({ PORT: "", CORS_ORIGIN: "", SMTP_HOST: "", UNKNOWN: "x" })).toEqual(development());
  });

  it("follows the port and the web client", () => {
    const config = development({ PORT: "4000", FRONTEND_URL: "http://localhost:8080/app/" });
    expect(config.publicUrl).toBe("http://localhost:4000");
    expect(config.frontendUrl).toBe("http://localhost:8080/app");
    expect(config.corsOrigins).toEqual(["http://localhost:8080"]);
  });

  it("speaks plain text to a mail catcher and to nobody else", () => {
    const mail = (host: string) => development({ SMTP_HOST: host, SMTP_PORT: "1025" }).mail;
    for (const host of ["localhost", "127.0.0.1", "mailpit", "maildev"])
      expect(mail(host)).toMatchObject({ driver: "smtp", port: 1025, allowPlaintext: true });
    expect(mail("smtp.coaching.test")).toMatchObject({ allowPlaintext: false, verifyCertificate: true });
  });

  it("keeps files in S3 as soon as there is an endpoint, with one key for all", () => {
    const { storage } = development({
      S3_ENDPOINT: "http://127.0.0.1:9000/",
      S3_ACCESS_KEY_ID: "minioadmin",
      S3_SECRET_ACCESS_KEY: "minioadmin",
    });
    expect(storage).toEqual({
      driver: "s3",
      endpoint: "http://127.0.0.1:9000",
      publicEndpoint: "http://127.0.0.1:9000",
      region: "us-east-1",
      bucket: "coaching-app",
      forcePathStyle: true,
      accessKeyId: "minioadmin",
      secretAccessKey: "minioadmin",
      upload: { accessKeyId: "minioadmin", secretAccessKey: "minioadmin" },
      serverSideEncryption: undefined,
    });
  });

  it("reads a switch as on, off, true or false", () => {
    const worker = (text: string) => development({ WORKER: text }).worker;
    expect(["on", "true", "ON"].map(worker)).toEqual([true, true, true]);
    expect(["off", "false", "False"].map(worker)).toEqual([false, false, false]);
  });
});

describe("test", () => {
  it("is development without demo data and log", () => {
    expect(development({ NODE_ENV: "test" })).toEqual({
      ...development(),
      mode: "test",
      demoData: false,
      logLevel: "silent",
    });
  });
});

describe("production", () => {
  it("closes what development leaves open", () => {
    const config = parseEnv(productionEnv);
    expect(config).toMatchObject({
      mode: "production",
      host: "0.0.0.0",
      clientKeyRequired: true,
      demoData: false,
    });
    expect(config.auth).toMatchObject({
      requireEmailVerification: true,
      organizationSignup: "closed",
      signupMode: "open",
    });
    expect(config.mail).toMatchObject({ secure: false, verifyCertificate: true, allowPlaintext: false });
  });

  it("signs uploads with their own key", () => {
    const { storage } = parseEnv({ ...productionS3Env, S3_SSE: "AES256" });
    expect(storage).toMatchObject({
      endpoint: "http://store:9000",
      publicEndpoint: "https://files.coaching.test",
      upload: { accessKeyId: "coaching-app-upload" },
      serverSideEncryption: "AES256",
    });
  });
});

describe("settings that take some reading", () => {
  it("speaks TLS at once on port 465", () => {
    expect(development({ SMTP_HOST: "smtp.test", SMTP_PORT: "465" }).mail).toMatchObject({ secure: true });
    expect(development({ SMTP_HOST: "smtp.test", SMTP_SECURE: "true" }).mail).toMatchObject({ secure: true });
  });

  it("keeps the order of the key ring", () => {
    expect(development({ BETTER_AUTH_SECRETS: `2:${two}, 1:${one}` }).auth.secrets).toEqual([
      { version: 2, value: two },
      { version: 1, value: one },
    ]);
  });

  it("counts a single auth secret as version 1, behind a ring too", () => {
    expect(development({ BETTER_AUTH_SECRET: one }).auth.secrets).toEqual([{ version: 1, value: one }]);
    expect(development({ BETTER_AUTH_SECRET: one, BETTER_AUTH_SECRETS: `2:${two}` }).auth.secrets).toEqual([
      { version: 2, value: two },
      { version: 1, value: one },
    ]);
    const listed = { BETTER_AUTH_SECRET: one, BETTER_AUTH_SECRETS: `2:${two},1:${one}` };
    expect(development(listed).auth.secrets).toHaveLength(2);
  });

  it("names client keys, the retired ones last", () => {
    const config = development({ CLIENT_API_KEY: one, CLIENT_API_KEY_RETIRED: `web:${two}` });
    expect(config.clientKeys).toEqual([
      { name: "default", key: one, retired: false },
      { name: "web", key: two, retired: true },
    ]);
  });

  it("lets a client key change with an overlap", () => {
    const keys = development({ CLIENT_API_KEY: `web:${one},web:${two}` }).clientKeys;
    expect(keys.map(({ name }) => name)).toEqual(["web", "web"]);
  });

  it("starts limits from a preset and lets each be changed", () => {
    expect(development({ RATE_LIMIT_PRESET: "generous" }).limits).toMatchObject({
      all: { max: 2000, window: 900 },
      write: { max: 1500, window: 900 },
    });
    expect(development({ RATE_LIMIT_PRESET: "generous", RATE_LIMIT_MAX: "50" }).limits).toMatchObject({
      all: { max: 50, window: 900 },
      write: { max: 1500, window: 900 },
    });
  });

  it("writes proxies as networks, IPv4-mapped ones as IPv4", () => {
    const text = "10.0.0.0/8, 192.0.2.7,2001:db8::/32,::1,::ffff:192.0.2.0/120";
    expect(development({ TRUSTED_PROXIES: text }).trustedProxies).toEqual([
      "10.0.0.0/8",
      "192.0.2.7/32",
      "2001:db8::/32",
      "::1/128",
      "192.0.2.0/24",
    ]);
  });

  it("puts a password of any kind into the database URL", () => {
    const password = fc
      .string({ minLength: 1, unit: "grapheme" })
      .filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text));
    fc.assert(
      fc.property(password, (text) => {
        const { url } = development({ DATABASE_PASSWORD: text }).database;
        const parsed = new URL(url);
        expect(decodeURIComponent(parsed.password)).toBe(text);
        expect([parsed.username, parsed.host, parsed.pathname]).toEqual([
          "coaching_app",
          "127.0.0.1:5432",
          "/coaching_app",
        ]);
      }),
    );
  });

  it("replaces the owner's password and keeps several hosts and options", () => {
    const owner = "postgres://coaching_owner@a:5432,b:5432/coaching_app?sslmode=verify-full";
    expect(
      development({ DATABASE_OWNER_URL: owner, DATABASE_OWNER_PASSWORD: "p@ss" }).database.ownerUrl,
    ).toBe("postgres://coaching_owner:p%40ss@a:5432,b:5432/coaching_app?sslmode=verify-full");
  });
});

describe("a configuration that cannot be used", () => {
  it("says what to do about each variable, one line each", () => {
    const attempt = () => parseEnv({ PORT: "x", WORKER: "x" });
    expect(attempt).toThrow(ConfigError);
    try {
      attempt();
    } catch (error) {
      expect(String(error).split("\n")).toEqual([
        "PORT is not a whole number from 0 to 65535: set it to a whole number from 0 to 65535",
        "WORKER is neither on nor off: set it to on or off",
        expect.stringMatching(/^DATABASE_URL is missing: set it to postgres:/),
      ]);
    }
  });
});
