import { pnpm } from "./pnpm.ts";

/** The bill of materials of what production runs, as CycloneDX 1.6 JSON: the lockfile's packages for this platform. */
export function sbom(): string {
  const options = ["--sbom-format", "cyclonedx", "--sbom-spec-version", "1.6", "--sbom-type", "application"];
  return pnpm("--filter", "@coaching-app/backend", "sbom", "--prod", ...options);
}
