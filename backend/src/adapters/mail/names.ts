const MAX_LENGTH = 100;

/** One line without anything invisible. */
const plain = (name: string): string => name.replace(/[\p{C}\p{Z}]+/gu, " ").trim();

const fits = (name: string): boolean => name !== "" && name.length <= MAX_LENGTH;

/**
 * Anybody can sign up with somebody else's address and any "name": what reads like an address or a link is left
 * out, so that our mail cannot be made to carry a stranger's advertisement.
 *
 * @returns null for what is no name.
 */
export function personName(name: string): string | null {
  const text = plain(name);
  const looksLikeLink = /[/\\@]|[\p{L}\p{N}]{2}\.[\p{L}\p{N}]{2}/u.test(text);
  return fits(text) && !looksLikeLink ? text : null;
}

/** The same for an organization, which may well have a slash in its name, but nothing that mail programs link. */
export function displayName(name: string): string | null {
  const text = plain(name);
  const looksLikeLink = /\/\/|[\\@]|[\p{L}\p{N}]{2}\.[\p{L}\p{N}]{2}/u.test(text);
  return fits(text) && !looksLikeLink ? text : null;
}
