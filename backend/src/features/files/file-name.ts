/** C0, C1, line separators, and the bidi controls that make `gpj.exe` look like `exe.jpg`. */
const invisible = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** Characters of a name in a header. */
const longest = 200;

/** The name as kept: what a person typed, without what no eye can see; a line break becomes `_`, as below. */
export function cleanFileName(name: string): string {
  const cleaned = name
    .replace(/[\r\n]/g, "_")
    .replace(invisible, "")
    .replace(/\p{Surrogate}/gu, "")
    .trim();
  return cleaned === "" ? "file" : cleaned;
}

/** The policy's own rule: CR LF `"` `;` `\` `/` become `_`, printable ASCII only, at most 200 characters. */
export function sanitizeFilename(name: string): string {
  const ascii = name.replace(/[\r\n";\\/]/g, "_").replace(/[^\x20-\x7e]/g, "");
  return ascii.slice(0, longest) || "file";
}

/**
 * `Content-Disposition` with both forms of the name (RFC 6266): ASCII by the rule above, and RFC 8187 for the rest. That is
 * what clients prefer, so the extension stays when a long name is cut: a system opens a file by it.
 */
export function contentDisposition(kind: "inline" | "attachment", name: string): string {
  const cleaned = cleanFileName(name);
  const [extension = ""] = cleaned.length > longest ? (/\.[a-z0-9]{1,10}$/i.exec(cleaned) ?? []) : [];
  const cut = cleaned.slice(0, longest - extension.length).replace(/\p{Surrogate}/gu, "") + extension;
  const encoded = encodeURIComponent(cut).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${sanitizeFilename(name)}"; filename*=UTF-8''${encoded}`;
}

/** Lower-case extension for the storage key; "bin" where the name has none that is plain. */
export function extensionOf(name: string): string {
  return /\.([a-z0-9]{1,10})$/i.exec(name)?.[1]?.toLowerCase() ?? "bin";
}
