import { passwordLength } from "./auth/password-rules.ts";
import type { Config } from "./config/config.ts";
import { targets } from "./features/files/files.targets.ts";
import type { PublicConfig } from "./features/system/system.schema.ts";

/** What clients may know of the settings before anybody signs in. */
export function publicConfigOf({ limits, fileLimits, auth, policies }: Config): PublicConfig {
  const budget = ({ max, window }: { max: number; window: number }) => ({ max, windowSeconds: window });
  const uploads = Object.entries(targets).map(([name, { types }]) => [
    name,
    { maxBytes: fileLimits[name as keyof typeof targets], types: types.map((type) => type.source) },
  ]);
  return {
    limits: { requests: budget(limits.all), writes: budget(limits.write), auth: budget(limits.auth) },
    uploads: Object.fromEntries(uploads),
    password: { minLength: passwordLength.min, maxLength: passwordLength.max },
    signupMode: auth.signupMode,
    organizationSignup: auth.organizationSignup,
    emailVerificationRequired: auth.requireEmailVerification,
    policies: { privacyUrl: policies.privacyUrl ?? null, termsUrl: policies.termsUrl ?? null },
  };
}
