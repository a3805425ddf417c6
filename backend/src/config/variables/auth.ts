import { choice, emailAddress, onOff, wholeNumber } from "../values/basic.ts";
import { clientKeys, generatedSecret, keyRing, signInPassword } from "../values/secret.ts";
import type { Variable } from "../variable.ts";

export const auth = {
  BETTER_AUTH_SECRETS: {
    type: keyRing,
    secret: true,
    about:
      "Secrets that sign sign-ins, 2:<current>,1:<older>; rotate by putting a new one in front; this or the next is required in production",
  },
  BETTER_AUTH_SECRET: {
    type: generatedSecret,
    secret: true,
    derived: "a well-known one outside production",
    about: "One secret alone, which counts as version 1; beside BETTER_AUTH_SECRETS it only verifies",
  },
  DATA_KEYS: {
    type: keyRing,
    required: "production",
    derived: "a well-known one outside production",
    secret: true,
    about:
      "Keys that encrypt what must not lie open in the database, such as waiting mails: 2:<current>,1:<older>",
  },
  SESSION_MAX_CONCURRENT: {
    type: wholeNumber(1, 100),
    about: "Auth sessions a person may have at a time; the oldest end (unset: no limit)",
  },
  SESSION_MAX_DAYS: {
    type: wholeNumber(1, 365),
    default: "30",
    about: "Days after which one has to sign in again in any case",
  },
  ARGON2_CONCURRENCY: { type: wholeNumber(1, 64), default: "2", about: "Passwords hashed at the same time" },
  SIGNUP_MODE: {
    type: choice("open", "invite_only"),
    default: "open",
    about: "Who may sign up: open (anyone) or invite_only",
  },
  ORGANIZATION_SIGNUP: {
    type: choice("open", "closed"),
    default: { development: "open", production: "closed" },
    about: "Whether everyone signed in may create organizations: open or closed",
  },
  REQUIRE_EMAIL_VERIFICATION: {
    type: onOff,
    default: { development: "off", production: "on" },
    about: "Sign-in only after the address was verified: on or off",
  },
  BOOTSTRAP_ADMIN_EMAIL: {
    type: emailAddress,
    about: "First platform admin, created at start when there is none",
  },
  BOOTSTRAP_ADMIN_PASSWORD: {
    type: signInPassword,
    secret: true,
    about: "Password of the first platform admin, at least 8 characters",
  },
} satisfies Record<string, Variable<unknown>>;

export const clients = {
  CLIENT_API_KEY: {
    type: clientKeys,
    required: "production",
    secret: true,
    about: "Keys that name app builds: one, or web:<key>,ios:<key>, each at least 32 characters",
  },
  CLIENT_API_KEY_RETIRED: {
    type: clientKeys,
    secret: true,
    about: "Keys of builds that are told to update, written likewise",
  },
} satisfies Record<string, Variable<unknown>>;
