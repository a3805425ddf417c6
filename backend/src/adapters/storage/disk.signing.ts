import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { AppError } from "../../errors.ts";
import { assertKey, isKey } from "./keys.ts";
import type { SignedUrl } from "./port.ts";

/** What a URL allows. Each purpose has a key of its own, so that no signature passes for another purpose. */
const FIELDS = {
  put: ["type", "size"],
  part: ["upload", "part", "size"],
  get: ["type", "disposition"],
} as const;
export type Purpose = keyof typeof FIELDS;
type Fields<P extends Purpose> = Readonly<Record<(typeof FIELDS)[P][number], string>>;
export type Grant = { [P in Purpose]: { purpose: P; key: string; fields: Fields<P> } }[Purpose];

export const URL_PATH = "/storage/";

export type Signer = ReturnType<typeof createSigner>;

export type UrlKeys = Readonly<Record<Purpose, Buffer>>;

/** Of each signing key, the current one first. */
export const deriveKeys = (signingKeys: readonly string[]): readonly UrlKeys[] =>
  signingKeys.map((secret) => ({
    put: deriveKey(secret, "put"),
    part: deriveKey(secret, "part"),
    get: deriveKey(secret, "get"),
  }));

/** Makes and checks URLs that carry their own permission (HMAC-SHA256). */
export function createSigner(config: { publicUrl: string; keys: () => readonly UrlKeys[] }) {
  const signature = (key: Buffer, signed: readonly string[]): string =>
    createHmac("sha256", key).update(JSON.stringify(signed)).digest("base64url");

  return {
    /** `expiresIn` in seconds. */
    sign({ purpose, key, fields }: Grant, expiresIn: number): SignedUrl {
      assertKey(key);
      const expires = Math.floor(Date.now() / 1000) + expiresIn;
      const [current] = config.keys();
      if (!current) throw new Error("There is no key to sign file URLs with");
      const ordered = inOrder(purpose, fields);
      const query = new URLSearchParams({
        ...ordered,
        expires: String(expires),
        signature: signature(current[purpose], [key, String(expires), ...Object.values(ordered)]),
      });
      return {
        url: `${config.publicUrl}${URL_PATH}${key}?${query}`,
        expiresAt: new Date(expires * 1000),
      };
    },

    /** What the request target (path and query, as sent) allows with this method; throws `forbidden`. */
    verify(method: string, target: string): Grant {
      const [path = "", search = ""] = split(target, "?");
      const key = path.startsWith(URL_PATH) ? path.slice(URL_PATH.length) : "";
      const query = new URLSearchParams(search);
      const purpose = purposeOf(method, query);
      if (purpose === undefined || !isKey(key)) throw refused();
      const names: readonly string[] = FIELDS[purpose];
      const values = names.map((name) => query.get(name) ?? "");
      const expires = query.get("expires") ?? "";
      const given = Buffer.from(query.get("signature") ?? "");
      // A parameter too many was not signed.
      if (query.size !== names.length + 2) throw refused();
      const isOurs = config.keys().some((keys) => {
        const wanted = Buffer.from(signature(keys[purpose], [key, expires, ...values]));
        return given.length === wanted.length && timingSafeEqual(given, wanted);
      });
      if (!isOurs) throw refused();
      if (Number(expires) * 1000 <= Date.now()) throw new AppError("forbidden", "This link has expired.");
      const fields = Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
      return { purpose, key, fields } as Grant;
    },
  };
}

function deriveKey(secret: string, purpose: Purpose): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", `coaching-app storage url ${purpose}`, 32));
}

function purposeOf(method: string, query: URLSearchParams): Purpose | undefined {
  if (method === "GET" || method === "HEAD") return "get";
  if (method === "PUT") return query.has("part") ? "part" : "put";
  return undefined;
}

function inOrder(purpose: Purpose, fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(FIELDS[purpose].map((name) => [name, fields[name] ?? ""]));
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function refused(): AppError {
  return new AppError("forbidden", "This link is not valid.");
}
