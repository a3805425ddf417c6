import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pnpm } from "./pnpm.ts";

export interface LicensedPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as the package declares it. */
  readonly licence: string;
  readonly author: string | undefined;
  readonly homepage: string | undefined;
  /** Where it is installed. */
  readonly path: string;
}

type Listed = Omit<LicensedPackage, "version" | "licence" | "path"> & { versions: string[]; paths: string[] };

/** Installed packages with what they say of their licence; those that production runs, or all. */
export function licensedPackages(which: "production" | "all"): readonly LicensedPackage[] {
  const answer = pnpm("-r", "licenses", "list", "--json", ...(which === "production" ? ["--prod"] : []));
  const byLicence: Record<string, Listed[]> = JSON.parse(answer);
  return Object.entries(byLicence)
    .flatMap(([licence, packages]) =>
      packages.flatMap(({ versions, paths, ...one }) =>
        paths.map((path, i) => ({ ...one, path, licence, version: versions[i] ?? versions[0] ?? "" })),
      ),
    )
    .sort((a, b) => `${a.name}@${a.version}`.localeCompare(`${b.name}@${b.version}`));
}

/** Names, licences and copyright notices of all that production runs: their licences ask to be handed on. */
export function thirdPartyNotices(): string {
  const head = "Coaching App contains the following packages. Each is under its own licence.\n";
  return [head, ...licensedPackages("production").map(noticeOf)].join(`\n${"-".repeat(80)}\n\n`);
}

function noticeOf({ name, version, licence, author, homepage, path }: LicensedPackage): string {
  const facts = [`${name} ${version}`, `Licence: ${licence}`, author && `By: ${author}`, homepage];
  const texts = readdirSync(path)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .map((file) => readFileSync(join(path, file), "utf8").trim());
  return `${[facts.filter(Boolean).join("\n"), ...texts].join("\n\n")}\n`;
}
