import { parse } from "yaml";
import { read } from "../docs/repository.ts";

interface Importer {
  readonly dependencies?: Record<string, { readonly specifier: string; readonly version: string }>;
  readonly devDependencies?: Importer["dependencies"];
  readonly optionalDependencies?: Importer["dependencies"];
}

interface Lockfile {
  readonly lockfileVersion: string;
  readonly overrides: Readonly<Record<string, string>>;
  readonly importers: Readonly<Record<string, Importer>>;
  readonly packages: Readonly<Record<string, { readonly resolution: Readonly<Record<string, string>> }>>;
}

export const lockfile: Lockfile = parse(read("pnpm-lock.yaml"));
export const settings: Record<string, unknown> = parse(read("pnpm-workspace.yaml"));

/** Name and version of every package in the lockfile. */
export const lockedPackages = Object.entries(lockfile.packages).map(([key, { resolution }]) => {
  const at = key.lastIndexOf("@");
  return { key, name: key.slice(0, at), version: key.slice(at + 1), resolution };
});

/** What the manifests ask for. */
export const directDependencies = Object.values(lockfile.importers).flatMap((importer) =>
  [importer.dependencies, importer.devDependencies, importer.optionalDependencies].flatMap((group) =>
    Object.entries(group ?? {}).map(([name, { specifier }]) => ({ name, specifier })),
  ),
);
