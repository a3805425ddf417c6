/** Which methods a path has, over every route that was mounted. */
export interface RouteTable {
  /** Upper case, HEAD included where GET is; empty for an unknown path. */
  methodsOf(path: string): readonly string[];
  /** False where the very path is mounted, but not for this method: a parameter elsewhere may not catch it. */
  offers(method: string, path: string): boolean;
}

interface MountedRoute {
  readonly method: string;
  readonly path: string;
}

/** @param routes `app.routes`; middleware (method ALL) says nothing about what exists. */
export function createRouteTable(routes: readonly MountedRoute[]): RouteTable {
  const byPath = Map.groupBy(
    routes.filter((route) => route.method !== "ALL"),
    (route) => route.path,
  );
  const entries = [...byPath].map(([path, found]) => {
    const methods = new Set(found.map((route) => route.method.toUpperCase()));
    if (methods.has("GET")) methods.add("HEAD");
    return { path, pattern: toPattern(path), methods: [...methods].sort() };
  });
  const fixed = new Map(
    entries.filter(({ path }) => !path.includes(":")).map((entry) => [entry.path, entry]),
  );
  return {
    offers: (method, path) => fixed.get(path)?.methods.includes(method) ?? true,
    methodsOf(path) {
      // `/files/presign` is that, and not a file of this name.
      const exact = fixed.get(path);
      const matching = exact ? [exact] : entries.filter(({ pattern }) => pattern.test(path));
      return [...new Set(matching.flatMap(({ methods }) => methods))];
    },
  };
}

/** `/files/:fileId/stream` as an expression over whole paths. */
export function toPattern(path: string): RegExp {
  const escaped = path
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replace(/:[A-Za-z]+|\\\{[A-Za-z]+\\\}/g, "[^/]+");
  return new RegExp(`^${escaped}$`);
}
