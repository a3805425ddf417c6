import { entriesOf } from "./values/network.ts";

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A secret as it may turn up in somebody else's message: whole, per entry of a list, percent-encoded, or out of a URL. */
function piecesOf(secret: string): string[] {
  const entries = entriesOf(secret);
  const values = entries.map((entry) => entry.replace(/^[\w-]+:(?!\/\/)/, ""));
  const passwords = /^\w+:\/\/[^:@/]*:([^@/]*)@/.exec(secret)?.slice(1) ?? [];
  const plain = [secret, ...entries, ...values, ...passwords];
  return [...plain, ...plain.map(encodeURIComponent), ...passwords.map(decoded)];
}

/** Takes secrets out of text that we did not write, such as the message of a failed connection. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const pieces = new Set(secrets.flatMap(piecesOf).filter((piece) => piece !== ""));
  const longestFirst = [...pieces].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((rest, piece) => rest.replaceAll(piece, "•••"), text);
}
