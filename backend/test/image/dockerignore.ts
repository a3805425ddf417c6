/** One pattern of a .dockerignore as an expression on paths relative to the root. */
function expression(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("**/", "\u0000")
    .replaceAll("*", "[^/]*")
    .replaceAll("\u0000", "(?:.*/)?");
  return new RegExp(`^${source}(?:/.*)?$`);
}

/** Which files a build would see: the last pattern that matches a path, or a folder above it, decides. */
export function seenByBuild(dockerignore: string): (path: string) => boolean {
  const rules = dockerignore
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => ({ keep: line.startsWith("!"), matches: expression(line.replace(/^!/, "").trim()) }));
  return (path) => rules.findLast(({ matches }) => matches.test(path))?.keep ?? true;
}
