import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { afterwards } from "./afterwards.ts";
import { fleetEnv } from "./fleet-parts.ts";
import { freePort } from "./free-port.ts";

const sample = new URL("../../../docs/deploy/nginx.conf", import.meta.url);

interface Options {
  /** How long nginx keeps a connection to a server that it does not use. */
  readonly keptFor?: string;
}

/** What `docs/deploy/nginx.conf` says, but for certificates: with these servers, and listening here. */
function site(port: number, servers: readonly number[], keptFor: string): string {
  return readFileSync(sample, "utf8")
    .replace(/^server \{\n\s+listen 80;[\s\S]*?^\}\n/m, "")
    .replace(/^\s+(listen|ssl_\w+)\s.*\n/gm, "")
    .replace(/^(\s+)server_name .*$/m, `$1listen 127.0.0.1:${port};`)
    .replace(/^(\s+)server 127\.0\.0\.1:3001(.*);$/m, (_, indent, options) =>
      servers.map((each) => `${indent}server 127.0.0.1:${each}${options};`).join("\n"),
    )
    .replace(/(keepalive_timeout\s+)\w+;/, `$1${keptFor};`);
}

/** nginx in front of servers on these ports. Ended by itself after the file's last test. */
export async function startNginx(
  servers: readonly number[],
  { keptFor = "60s" }: Options = {},
): Promise<{ readonly url: string }> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "coaching-nginx-"));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  const [file, errors] = [join(folder, "nginx.conf"), join(folder, "error.log")];
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${join(folder, "pid")}; error_log ${errors};
${process.getuid?.() === 0 ? "user root;" : ""}
events { worker_connections 512; }
http {
access_log off;
${temporary.join(" ")}
${site(port, servers, keptFor)}
}
`,
  );
  const child = spawn("nginx", ["-c", file, "-e", errors], { stdio: "ignore", env: fleetEnv });
  const ended = once(child, "exit");
  afterwards(async () => {
    if (child.exitCode === null) child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await vi.waitFor(async () => {
    if (child.exitCode !== null) throw new Error(readFileSync(errors, "utf8"));
    await (await fetch(url)).arrayBuffer();
  }, 15_000);
  return { url };
}
