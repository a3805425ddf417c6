import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from "node:crypto";
import { type LiveConfig, renewed } from "../../live.ts";
import { BrokenSealError, type DataKeys, UnknownKeyError } from "./port.ts";

/** Versions of the key, current first. */
type Ring = readonly { readonly version: number; readonly value: string }[];

const ALGORITHM = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Format, version of the key, and nonce, ciphertext and tag in one. */
const ENVELOPE = /^v1\.(0|[1-9]\d{0,8})\.([\w-]+)$/;

/** Written in one way only: base64 has spare bits, and an edited text is another text. */
function bytesOf(text: string): Buffer {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.length < NONCE_BYTES + TAG_BYTES || bytes.toString("base64url") !== text)
    throw new BrokenSealError();
  return bytes;
}

function read(sealed: string): { version: number; text: string } | undefined {
  const [, version, text] = ENVELOPE.exec(sealed) ?? [];
  return version === undefined || text === undefined ? undefined : { version: Number(version), text };
}

/** Which key sealed it, or undefined when that cannot be told. */
export const versionOf = (sealed: string): number | undefined => read(sealed)?.version;

/** AES-256-GCM under a nonce at random; the place and the key's version are authenticated with the text. */
export function createDataKeys(ring: Ring): DataKeys {
  const [first] = ring;
  if (!first) throw new Error("The ring of data keys is empty");
  const derive = (value: string) =>
    createSecretKey(Buffer.from(hkdfSync("sha256", value, "", "data key", 32)));
  const keys = new Map(ring.map(({ version, value }) => [version, derive(value)]));
  const keyOf = (version: number) => {
    const key = keys.get(version);
    if (!key) throw new UnknownKeyError(version);
    return key;
  };
  const options = { authTagLength: TAG_BYTES };
  const authenticated = (version: number, place: string) => Buffer.from(`v1.${version}.${place}`);

  return {
    current: first.version,
    seal(place, text) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, keyOf(first.version), nonce, options);
      cipher.setAAD(authenticated(first.version, place));
      const bytes = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `v1.${first.version}.${bytes.toString("base64url")}`;
    },
    open(place, sealed) {
      const envelope = read(sealed);
      if (!envelope) throw new BrokenSealError();
      const { version } = envelope;
      const key = keyOf(version);
      const bytes = bytesOf(envelope.text);
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), options);
      decipher.setAAD(authenticated(version, place));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        const opened = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
        return Buffer.concat([opened, decipher.final()]).toString("utf8");
      } catch {
        throw new BrokenSealError();
      }
    },
  };
}

/** Keys that are always the newest. */
export function followDataKeys(live: LiveConfig): DataKeys {
  const newest = renewed(live, (config) => config.dataKeys, createDataKeys);
  return {
    get current() {
      return newest().current;
    },
    seal: (place, text) => newest().seal(place, text),
    open: (place, sealed) => newest().open(place, sealed),
  };
}
