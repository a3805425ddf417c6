import { execFileSync, spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The libraries of a slim Debian image that Node and native packages may count on. */
const LIBRARY_PACKAGES = ["libc6", "libgcc-s1", "libstdc++6"];

/** A root folder with Node, those libraries and nothing else: no shell, no tools. */
export function makeRoot(root: string, hosts: readonly string[]): void {
  for (const folder of ["usr/lib", "usr/lib64", "usr/local/bin", "proc", "dev", "tmp", "etc", "run/secrets"])
    mkdirSync(join(root, folder), { recursive: true });
  for (const name of ["lib", "lib64"]) symlinkSync(`usr/${name}`, join(root, name));
  const files = execFileSync("dpkg", ["-L", ...LIBRARY_PACKAGES], { encoding: "utf8" }).split("\n");
  for (const file of new Set(files.filter((path) => /\.so[.\d]*$/.test(path) && !/gconv|audit/.test(path)))) {
    const to = join(root, file.replace(/^\/(?=lib)/, "/usr/"));
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(file, to);
  }
  copyFileSync(process.execPath, join(root, "usr/local/bin/node"));
  writeFileSync(join(root, "etc/hosts"), `127.0.0.1 localhost ${hosts.join(" ")}\n`);
  writeFileSync(join(root, "etc/nsswitch.conf"), "hosts: files\n");
}

/** A secret as Compose mounts it: a file with the mode it has on the host, in a folder that everyone may enter. */
export function addSecret(root: string, name: string, content: string): void {
  writeFileSync(join(root, "run/secrets", name), content);
  chmodSync(join(root, "run/secrets", name), 0o444);
}

const MOUNTS = `
  mount --bind "$0" "$0" && mount --rbind /proc "$0/proc" && mount --rbind /dev "$0/dev" &&
  mount -o remount,bind,ro "$0" && mount -t tmpfs -o nosuid,nodev,noexec,size=64m tmpfs "$0/tmp" &&
  exec setpriv --no-new-privs --clear-groups --inh-caps=-all unshare --root="$0" --wd="$1" --setuid="$2" --setgid="$2" "\${@:3}"`;

/** Starts a program as the image would: read-only root, an empty /tmp, an account without rights. */
export function startIn(
  root: string,
  { workdir, user, env }: { workdir: string; user: string; env: Record<string, string> },
  command: readonly string[],
) {
  const child = spawn("unshare", ["--mount", "bash", "-c", MOUNTS, root, workdir, user, ...command], {
    env: { PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { kill: (signal: NodeJS.Signals) => child.kill(signal), ended, output: () => output };
}

export type Sandboxed = ReturnType<typeof startIn>;
