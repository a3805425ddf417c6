import manifest from "../../package.json" with { type: "json" };
import { targetNames, targets } from "../features/files/files.targets.ts";
import { isMailCatcher } from "./checks/production-mail.ts";
import type { Config } from "./config.ts";
import { storageDriver } from "./storage-driver.ts";
import { withPassword } from "./values/database-url.ts";
import { withRedisPassword } from "./values/redis-url.ts";
import type { VersionedSecret } from "./values/secret.ts";
import type { Settings } from "./variables.ts";

/** Lets one try the product without setting anything. Production insists on real ones. */
const WELL_KNOWN = {
  auth: "development-only-secret-that-signs-sign-ins",
  storage: "development-only-secret-that-signs-file-urls",
  data: "development-only-secret-that-encrypts-columns",
};

const LIMIT_PRESETS = {
  standard: { max: 600, writeMax: 300, window: 600 },
  generous: { max: 2000, writeMax: 1500, window: 900 },
};

/**
 * The ring, current first. `BETTER_AUTH_SECRET` alone is version 1, and keeps that version beside a ring without
 * one, at its end: what was encrypted before the first rotation says "version 1" and stays readable.
 */
function secretRing(ring: readonly VersionedSecret[] | undefined, alone: string | undefined) {
  if (alone === undefined) return ring ?? [{ version: 1, value: WELL_KNOWN.auth }];
  const listed = ring ?? [];
  return listed.some(({ value }) => value === alone) ? listed : [...listed, { version: 1, value: alone }];
}

function limitsFrom(s: Settings): Config["limits"] {
  const preset = LIMIT_PRESETS[s.RATE_LIMIT_PRESET];
  const window = s.RATE_LIMIT_WINDOW ?? preset.window;
  return {
    all: { max: s.RATE_LIMIT_MAX ?? preset.max, window },
    write: { max: s.RATE_LIMIT_WRITE_MAX ?? preset.writeMax, window },
    auth: { max: s.AUTH_RATE_LIMIT_MAX, window: s.AUTH_RATE_LIMIT_WINDOW },
    authFailures: { max: s.AUTH_FAILURES_MAX, window: s.AUTH_FAILURES_WINDOW },
  };
}

function fileLimitsFrom(s: Settings): Config["fileLimits"] {
  const limits = targetNames.map((name) => [name, s[targets[name].limit.variable]]);
  return Object.fromEntries(limits) as Config["fileLimits"];
}

function storageFrom(s: Settings): Config["storage"] {
  if (storageDriver(s) === "disk")
    return { driver: "disk", signingKeys: s.STORAGE_SIGNING_KEY ?? [WELL_KNOWN.storage] };
  const { S3_ENDPOINT: endpoint = "", S3_ACCESS_KEY_ID: id = "", S3_SECRET_ACCESS_KEY: secret = "" } = s;
  return {
    driver: "s3",
    endpoint,
    publicEndpoint: s.S3_PUBLIC_ENDPOINT ?? endpoint,
    region: s.S3_REGION,
    bucket: s.S3_BUCKET,
    forcePathStyle: s.S3_FORCE_PATH_STYLE,
    accessKeyId: id,
    secretAccessKey: secret,
    upload: {
      accessKeyId: s.S3_UPLOAD_ACCESS_KEY_ID ?? id,
      secretAccessKey: s.S3_UPLOAD_SECRET_ACCESS_KEY ?? secret,
    },
    serverSideEncryption: s.S3_SSE,
    kmsKeyId: s.S3_SSE_KMS_KEY_ID,
  };
}

function scanFrom(s: Settings): Config["scan"] {
  if (s.SCAN === "off") return { mode: "off" };
  return {
    mode: s.SCAN,
    address:
      s.CLAMD_SOCKET === undefined
        ? { host: s.CLAMD_HOST ?? "", port: s.CLAMD_PORT }
        : { path: s.CLAMD_SOCKET },
    maxBytes: s.SCAN_MAX_BYTES,
    timeoutMs: s.SCAN_TIMEOUT * 1000,
  };
}

function mailFrom(s: Settings): Config["mail"] {
  if (s.SMTP_HOST === undefined) return { driver: "file", from: s.MAIL_FROM };
  return {
    driver: "smtp",
    from: s.MAIL_FROM,
    host: s.SMTP_HOST,
    port: s.SMTP_PORT,
    secure: s.SMTP_SECURE ?? s.SMTP_PORT === 465,
    user: s.SMTP_USER,
    password: s.SMTP_PASS,
    verifyCertificate: s.SMTP_TLS_VERIFY,
    allowPlaintext: s.NODE_ENV !== "production" && isMailCatcher(s.SMTP_HOST),
  };
}

function tracesFrom(s: Settings): Config["traces"] {
  if (s.OTEL_EXPORTER_OTLP_ENDPOINT === undefined) return undefined;
  return {
    endpoint: s.OTEL_EXPORTER_OTLP_ENDPOINT,
    headers: s.OTEL_EXPORTER_OTLP_HEADERS ?? {},
    serviceName: s.OTEL_SERVICE_NAME,
    share: s.OTEL_TRACES_SAMPLER_ARG,
  };
}

/** The configuration that checked settings describe. */
export function assemble(s: Settings): Config {
  const { BOOTSTRAP_ADMIN_EMAIL: email, BOOTSTRAP_ADMIN_PASSWORD: password } = s;
  return {
    mode: s.NODE_ENV,
    version: manifest.version,
    host: s.HOST,
    port: s.PORT,
    dataDir: s.DATA_DIR,
    publicUrl: s.BETTER_AUTH_URL ?? `http://localhost:${s.PORT}`,
    frontendUrl: s.FRONTEND_URL,
    corsOrigins: s.CORS_ORIGIN ?? [new URL(s.FRONTEND_URL).origin],
    trustedProxies: s.TRUSTED_PROXIES ?? [],
    hsts: s.HSTS_VALUE,
    logLevel: s.LOG_LEVEL,
    database: {
      url: withPassword(s.DATABASE_URL, s.DATABASE_PASSWORD),
      ownerUrl: s.DATABASE_OWNER_URL && withPassword(s.DATABASE_OWNER_URL, s.DATABASE_OWNER_PASSWORD),
      poolMax: s.DATABASE_POOL_MAX,
    },
    auth: {
      secrets: secretRing(s.BETTER_AUTH_SECRETS, s.BETTER_AUTH_SECRET),
      sessionMaxDays: s.SESSION_MAX_DAYS,
      sessionMaxConcurrent: s.SESSION_MAX_CONCURRENT,
      argon2Concurrency: s.ARGON2_CONCURRENCY,
      requireEmailVerification: s.REQUIRE_EMAIL_VERIFICATION,
      signupMode: s.SIGNUP_MODE,
      organizationSignup: s.ORGANIZATION_SIGNUP,
      bootstrapAdmin: email && password ? { email, password } : undefined,
    },
    dataKeys: s.DATA_KEYS ?? [{ version: 1, value: WELL_KNOWN.data }],
    clientKeys: [
      ...(s.CLIENT_API_KEY ?? []).map((client) => ({ ...client, retired: false })),
      ...(s.CLIENT_API_KEY_RETIRED ?? []).map((client) => ({ ...client, retired: true })),
    ],
    clientKeyRequired: s.NODE_ENV === "production",
    limits: limitsFrom(s),
    redis: s.REDIS_URL === undefined ? undefined : { url: withRedisPassword(s.REDIS_URL, s.REDIS_PASSWORD) },
    storage: storageFrom(s),
    scan: scanFrom(s),
    mail: mailFrom(s),
    fileLimits: fileLimitsFrom(s),
    storageQuota: s.STORAGE_QUOTA_BYTES,
    imageOriginals: s.IMAGE_ORIGINALS,
    worker: s.WORKER,
    backupRecipients: s.BACKUP_RECIPIENT ?? [],
    minAppVersion: s.MIN_APP_VERSION,
    securityContacts: s.SECURITY_CONTACT ?? [],
    securityPolicyUrl: s.SECURITY_POLICY_URL,
    policies: { privacyUrl: s.PRIVACY_POLICY_URL, termsUrl: s.TERMS_URL },
    demoData: s.DEMO_DATA,
    metricsTokens: s.METRICS_TOKEN ?? [],
    metricsPort: s.METRICS_PORT,
    traces: tracesFrom(s),
  };
}
