import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, vi } from "vitest";
import { freePort } from "../harness/free-port.ts";

/** Debian puts it where only root looks. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

/** Whether nginx is installed here. In CI it has to be: there the tests run, and fail without it. */
export const hasNginx = Boolean(process.env.CI) || spawnSync("nginx", ["-v"], { env }).error === undefined;

/**
 * nginx in front of these ports, with connections to them that it keeps. It repeats a request elsewhere only where it
 * could not send it, as by default. Ended by itself after the file's last test.
 */
export async function startNginx(ports: readonly number[]): Promise<{ readonly url: string }> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "coaching-nginx-"));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  const file = join(folder, "nginx.conf");
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${join(folder, "pid")}; error_log ${join(folder, "error.log")};
${process.getuid?.() === 0 ? "user root;" : ""}
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.join(" ")}
  upstream servers {
    ${ports.map((each) => `server 127.0.0.1:${each} max_fails=0;`).join(" ")}
    keepalive 16;
    keepalive_timeout 2s;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://servers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_connect_timeout 5s;
    }
  }
}
`,
  );
  const child = spawn("nginx", ["-c", file, "-e", join(folder, "error.log")], { stdio: "ignore", env });
  afterAll(async () => {
    const ended = once(child, "exit");
    if (child.exitCode === null && child.kill("SIGTERM")) await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await vi.waitFor(async () => (await fetch(url)).arrayBuffer(), 15_000);
  return { url };
}
