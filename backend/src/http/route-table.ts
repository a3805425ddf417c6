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
  // Few, so that a request pays for them alone: `/organizations/:organizationId/invitations/bulk` is one.
  const caught = entries.filter(
    (entry) =>
      entry.path.includes(":") &&
      entries.some((wider) => parameters(entry) < parameters(wider) && wider.pattern.test(entry.path)),
  );
  /** `/files/presign` is that, and not a file of this name. */
  const exactly = (path: string) => fixed.get(path) ?? caught.find(({ pattern }) => pattern.test(path));
  return {
    offers: (method, path) => exactly(path)?.methods.includes(method) ?? true,
    methodsOf(path) {
      const exact = exactly(path);
      const matching = exact ? [exact] : entries.filter(({ pattern }) => pattern.test(path));
      return [...new Set(matching.flatMap(({ methods }) => methods))];
    },
  };
}

const parameters = ({ path }: { path: string }): number => path.split(":").length - 1;

/** `/files/:fileId/stream` as an expression over whole paths. */
export function toPattern(path: string): RegExp {
  const escaped = path
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replace(/:[A-Za-z]+|\\\{[A-Za-z]+\\\}/g, "[^/]+");
  return new RegExp(`^${escaped}$`);
}
