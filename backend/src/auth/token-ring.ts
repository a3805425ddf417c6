import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from "node:crypto";

/** Secret versions, current first. */
export type SecretRing = readonly { readonly version: number; readonly value: string }[];

export interface VerifiedToken {
  /** The raw session token, as stored. */
  readonly raw: string;
  /** The same token signed by the current secret. */
  readonly signed: string;
  /** True when an older secret had signed it: hand the client `signed`. */
  readonly stale: boolean;
}

/** Signs and verifies what clients carry, over the whole ring of secrets. */
export interface TokenRing {
  sign(raw: string): string;
  /** The token behind `Bearer …`, or null: a raw token, a JWT or a foreign signature is nobody's. */
  verify(token: string): VerifiedToken | null;
  /** A raw token signed in the encoding that Better-auth reads, plain base64. */
  forBetterAuth(raw: string): string;
  /** The token behind a signature that Better-auth has just made. */
  fromBetterAuth(token: string): VerifiedToken | null;
  /** `payload.signature`, safe in a URL, good for one purpose only. */
  seal(purpose: string, payload: string): string;
  /** What nobody without the current secret can make of a text, or check a guess at it against. */
  digest(purpose: string, text: string): string;
  /** The payload, or null when the seal is not ours. */
  unseal(purpose: string, sealed: string): string | null;
}

const hmac = (key: KeyObject, text: string): string =>
  createHmac("sha256", key).update(text).digest("base64url");

/** Compares the text, not the bytes it decodes to: base64 has spare bits, and an edited token is a wrong token. */
const equal = (expected: string, given: string): boolean => {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
};

/**
 * Session tokens use Better-auth's own signature, `<raw>.<HMAC-SHA256(secret, raw)>`, in base64url so that they need no
 * encoding anywhere; everything else is sealed with a key derived for its purpose, so that no signature can be used in
 * another place.
 */
export function createTokenRing(ring: SecretRing): TokenRing {
  const [current, ...older] = ring.map(({ value }) => createSecretKey(value, "utf8"));
  if (current === undefined) throw new Error("The key ring is empty");
  const derived = new Map<string, readonly KeyObject[]>();
  const keysFor = (purpose: string): readonly KeyObject[] => {
    const known = derived.get(purpose);
    if (known) return known;
    const keys = [current, ...older].map((secret) =>
      createSecretKey(Buffer.from(hkdfSync("sha256", secret, "", purpose, 32))),
    );
    derived.set(purpose, keys);
    return keys;
  };
  const sign = (raw: string): string => `${raw}.${hmac(current, raw)}`;
  const verify: TokenRing["verify"] = (token) => {
    const [raw, signature, rest] = decode(token).split(".");
    if (!raw || !signature || rest !== undefined) return null;
    // What matched is what the current secret signs: no need to sign again.
    if (equal(hmac(current, raw), signature)) return { raw, signed: `${raw}.${signature}`, stale: false };
    if (!older.some((s) => equal(hmac(s, raw), signature))) return null;
    return { raw, signed: sign(raw), stale: true };
  };
  return {
    sign,
    verify,
    fromBetterAuth(token) {
      const [raw, signature] = decode(token).split(".");
      return raw && signature
        ? verify(`${raw}.${Buffer.from(signature, "base64").toString("base64url")}`)
        : null;
    },
    forBetterAuth: (raw) => `${raw}.${createHmac("sha256", current).update(raw).digest("base64")}`,
    seal: (purpose, payload) => {
      const text = Buffer.from(payload).toString("base64url");
      return `${text}.${hmac(keysFor(purpose)[0] as KeyObject, text)}`;
    },
    digest: (purpose, text) => hmac(keysFor(purpose)[0] as KeyObject, text),
    unseal(purpose, sealed) {
      const [text, signature, rest] = sealed.split(".");
      if (!text || !signature || rest !== undefined) return null;
      if (!keysFor(purpose).some((key) => equal(hmac(key, text), signature))) return null;
      return Buffer.from(text, "base64url").toString();
    },
  };
}

/** A ring that is always the newest. */
export function followTokenRing(newest: () => TokenRing): TokenRing {
  return {
    sign: (raw) => newest().sign(raw),
    verify: (token) => newest().verify(token),
    forBetterAuth: (raw) => newest().forBetterAuth(raw),
    fromBetterAuth: (token) => newest().fromBetterAuth(token),
    seal: (purpose, payload) => newest().seal(purpose, payload),
    unseal: (purpose, sealed) => newest().unseal(purpose, sealed),
    digest: (purpose, text) => newest().digest(purpose, text),
  };
}

/** Better-auth's own clients send the token percent-encoded. */
function decode(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}
