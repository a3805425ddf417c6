import { storageDriver } from "../storage-driver.ts";
import { type Check, check, when } from "./check.ts";

/** Settings that contradict each other in any mode. */
export const consistency: readonly Check[] = [
  check({
    name: "Auth secrets agree on version 1",
    reads: ["BETTER_AUTH_SECRET", "BETTER_AUTH_SECRETS"],
    problem: ({ BETTER_AUTH_SECRET: alone, BETTER_AUTH_SECRETS: ring = [] }) => {
      const first = ring.find((secret) => secret.version === 1);
      const claimed = alone !== undefined && first !== undefined && first.value !== alone;
      return when(
        claimed && !ring.some((s) => s.value === alone),
        "is another secret than version 1 of BETTER_AUTH_SECRETS",
      );
    },
    fix: "remove it, or list it in BETTER_AUTH_SECRETS with a version of its own",
  }),
  check({
    name: "Data keys protect nothing else",
    reads: ["DATA_KEYS", "BETTER_AUTH_SECRETS", "BETTER_AUTH_SECRET", "STORAGE_SIGNING_KEY", "METRICS_TOKEN"],
    problem: ({ DATA_KEYS: keys = [], ...s }) => {
      const others = [
        ...(s.BETTER_AUTH_SECRETS ?? []).map(({ value }) => value),
        s.BETTER_AUTH_SECRET,
        ...(s.STORAGE_SIGNING_KEY ?? []),
        ...(s.METRICS_TOKEN ?? []),
      ];
      return when(
        keys.some(({ value }) => others.includes(value)),
        "names a secret that another variable names too",
      );
    },
    fix: "make one of its own with: coachctl secrets generate",
  }),
  check({
    name: "Bootstrap admin is complete",
    reads: ["BOOTSTRAP_ADMIN_EMAIL", "BOOTSTRAP_ADMIN_PASSWORD"],
    problem: (s) =>
      when(
        (s.BOOTSTRAP_ADMIN_EMAIL === undefined) !== (s.BOOTSTRAP_ADMIN_PASSWORD === undefined),
        "and BOOTSTRAP_ADMIN_PASSWORD are not both set",
      ),
    fix: "set both or none",
  }),
  check({
    name: "Retired client keys are not current",
    reads: ["CLIENT_API_KEY_RETIRED", "CLIENT_API_KEY"],
    problem: ({ CLIENT_API_KEY: current = [], CLIENT_API_KEY_RETIRED: retired = [] }) =>
      when(
        retired.some(({ key }) => current.some((other) => other.key === key)),
        "names a key that CLIENT_API_KEY names too",
      ),
    fix: "remove the retired key from CLIENT_API_KEY",
  }),
  ...(["S3_ENDPOINT", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"] as const).map((name) =>
    check({
      name: `${name} is set where files live in S3`,
      reads: [name, "STORAGE_DRIVER", "S3_ENDPOINT"],
      problem: (s) =>
        when(storageDriver(s) === "s3" && s[name] === undefined, "is missing for the s3 driver"),
      fix: "set it, or choose STORAGE_DRIVER=disk",
    }),
  ),
  check({
    name: "The encryption key of S3 is used",
    reads: ["S3_SSE_KMS_KEY_ID", "S3_SSE"],
    problem: (s) =>
      when(s.S3_SSE_KMS_KEY_ID !== undefined && s.S3_SSE !== "aws:kms", "is only used with S3_SSE=aws:kms"),
    fix: "set S3_SSE=aws:kms, or remove it",
  }),
  check({
    name: "Upload key of S3 is complete",
    reads: ["S3_UPLOAD_ACCESS_KEY_ID", "S3_UPLOAD_SECRET_ACCESS_KEY"],
    problem: (s) =>
      when(
        (s.S3_UPLOAD_ACCESS_KEY_ID === undefined) !== (s.S3_UPLOAD_SECRET_ACCESS_KEY === undefined),
        "and S3_UPLOAD_SECRET_ACCESS_KEY are not both set",
      ),
    fix: "set both",
  }),
  check({
    name: "Metrics are behind a token",
    reads: ["METRICS_PORT", "METRICS_TOKEN"],
    problem: (s) =>
      when(s.METRICS_PORT !== undefined && s.METRICS_TOKEN === undefined, "is set without METRICS_TOKEN"),
    fix: "set METRICS_TOKEN, too",
  }),
  check({
    name: "clamd is named where uploads are scanned",
    reads: ["CLAMD_HOST", "CLAMD_SOCKET", "SCAN"],
    problem: (s) =>
      when(
        s.SCAN !== "off" && (s.CLAMD_HOST === undefined) === (s.CLAMD_SOCKET === undefined),
        s.CLAMD_HOST === undefined ? "and CLAMD_SOCKET are both missing" : "and CLAMD_SOCKET are both set",
      ),
    fix: "set one of them, or SCAN=off",
  }),
  check({
    name: "SMTP user and password are complete",
    reads: ["SMTP_USER", "SMTP_PASS"],
    problem: (s) =>
      when((s.SMTP_USER === undefined) !== (s.SMTP_PASS === undefined), "and SMTP_PASS are not both set"),
    fix: "set both or none",
  }),
];
