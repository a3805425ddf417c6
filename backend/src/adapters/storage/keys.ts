import { AppError } from "../../errors.ts";

/** Letters, digits, `_`, `-` and inner dots: never empty, `.`, `..`, hidden, or in need of percent-encoding. */
const SEGMENT = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}";
const KEY = new RegExp(`^${SEGMENT}(?:/${SEGMENT})*$`);
const PREFIX = new RegExp(`^(?:${SEGMENT}/)*(?:${SEGMENT})?$`);
const MAX_LENGTH = 512;

export function isKey(text: string): boolean {
  return text.length <= MAX_LENGTH && KEY.test(text);
}

/** Returns the key, or throws `validation_failed`: the one gate between a key and a path or URL. */
export function assertKey(key: string): string {
  if (!isKey(key)) throw new AppError("validation_failed", "This is not the key of a stored object.");
  return key;
}

/** Like `assertKey` for the start of keys; `""` means all of them. */
export function assertPrefix(prefix: string): string {
  if (prefix.length > MAX_LENGTH || !PREFIX.test(prefix)) {
    throw new AppError("validation_failed", "This is not a prefix of stored objects.");
  }
  return prefix;
}
