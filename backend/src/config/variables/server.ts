import { appVersion, choice, hsts, onOff, path, wholeNumber, word } from "../values/basic.ts";
import { contacts } from "../values/contacts.ts";
import { baseUrl, networks, origins, pageUrl, rootUrl } from "../values/network.ts";
import { generatedSecrets } from "../values/secret.ts";
import type { Variable } from "../variable.ts";

export const server = {
  NODE_ENV: {
    type: choice("development", "test", "production"),
    default: "development",
    about: "development, test or production, which refuses to start with anything unsafe",
  },
  HOST: {
    type: word,
    default: { development: "127.0.0.1", production: "0.0.0.0" },
    about: "Address to listen on",
  },
  PORT: { type: wholeNumber(0, 65_535), default: "3001", about: "Port to listen on; 0 takes a free one" },
  DATA_DIR: { type: path, default: ".data", about: "Folder of embedded data: database, files, mail" },
  BETTER_AUTH_URL: {
    type: rootUrl,
    derived: "http://localhost:$PORT",
    required: "production",
    about: "Address of this API as clients see it",
  },
  FRONTEND_URL: {
    type: baseUrl,
    default: { development: "http://localhost:5173" },
    required: "production",
    about: "Address of the web client; mails link to it",
  },
  CORS_ORIGIN: {
    type: origins,
    derived: "the origin of FRONTEND_URL",
    required: "production",
    about: "Exact origins of web clients, separated by commas",
  },
  TRUSTED_PROXIES: {
    type: networks,
    derived: "none",
    about: "Addresses or CIDRs of your own proxies, whose X-Forwarded-For is believed",
  },
  HSTS_VALUE: {
    type: hsts,
    default: "max-age=15552000; includeSubDomains",
    about: "Strict-Transport-Security header",
  },
  LOG_LEVEL: {
    type: choice("fatal", "error", "warn", "info", "debug", "trace", "silent"),
    default: { development: "info", test: "silent", production: "info" },
    about: "Least important log line that is written: fatal, error, warn, info, debug, trace or silent",
  },
  METRICS_TOKEN: {
    type: generatedSecrets,
    secret: true,
    about:
      "Bearer token with which a monitor reads the metrics and counters, at least 32 characters; <new>,<old> while it changes",
  },
  METRICS_PORT: {
    type: wholeNumber(0, 65_535),
    derived: "PORT, and none in a worker",
    about: "Port of its own for GET /metrics, which PORT then has no more; 0 takes a free one",
  },
  WORKER: {
    type: onOff,
    default: "on",
    about: "Run jobs inside the server; off where worker.ts runs beside it",
  },
  DEMO_DATA: {
    type: onOff,
    default: { development: "on", test: "off", production: "off" },
    about: "Create demo organizations and accounts at start; refused in production",
  },
  MIN_APP_VERSION: { type: appVersion, about: "Oldest version of the apps that may go on, such as 2.4.0" },
  PRIVACY_POLICY_URL: { type: pageUrl, about: "Privacy policy, shown by the apps" },
  TERMS_URL: { type: pageUrl, about: "Terms of use, shown by the apps" },
  SECURITY_CONTACT: {
    type: contacts,
    about: "Whom to tell of a vulnerability, shown in /.well-known/security.txt (unset: there is none)",
  },
  SECURITY_POLICY_URL: { type: pageUrl, about: "Your page on reporting vulnerabilities, shown there" },
} satisfies Record<string, Variable<unknown>>;
