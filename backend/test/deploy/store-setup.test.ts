import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { repository } from "./compose.ts";

const dir = mkdtempSync(join(tmpdir(), "store-setup-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** In place of the store's client: notes what it is told, and like the real one refuses to attach a policy twice. */
const CLIENT = `#!/bin/bash
echo "$*" >>"${dir}/commands"
if [ ! -t 0 ]; then timeout 1 cat >>"${dir}/input" || true; fi
case "$*" in
  "admin policy attach"*) [ ! -e "${dir}/attached-$5" ] || exit 1; touch "${dir}/attached-$5" ;;
  "admin user info"*) echo "AccessKey: $5" ;;
esac`;

function setUp(): { commands: string[]; input: string } {
  for (const name of ["commands", "input"]) writeFileSync(join(dir, name), "");
  for (const name of ["root", "server", "upload"]) writeFileSync(join(dir, name), `of-${name}\n`);
  for (const name of ["server", "upload"]) writeFileSync(join(dir, `${name}-id`), `${name}-key\n`);
  writeFileSync(join(dir, "mc"), CLIENT);
  chmodSync(join(dir, "mc"), 0o755);
  execFileSync("bash", [fileURLToPath(new URL("docker/store-setup.sh", repository))], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      PATH: `${dir}:${process.env.PATH}`,
      STORE_URL: "http://store:9000",
      STORE_ROOT_USER: "root-user",
      STORE_ROOT_PASSWORD_FILE: join(dir, "root"),
      STORE_POLICY_SERVER: "policy-server.json",
      STORE_POLICY_UPLOAD: "policy-upload.json",
      S3_ACCESS_KEY_ID_FILE: join(dir, "server-id"),
      S3_SECRET_ACCESS_KEY_FILE: join(dir, "server"),
      S3_UPLOAD_ACCESS_KEY_ID_FILE: join(dir, "upload-id"),
      S3_UPLOAD_SECRET_ACCESS_KEY_FILE: join(dir, "upload"),
    },
  });
  const read = (name: string) => readFileSync(join(dir, name), "utf8");
  return { commands: read("commands").trim().split("\n"), input: read("input") };
}

it("gives each key its own policy, tells secrets in no command line, and may run again", () => {
  const { commands, input } = setUp();
  expect(commands).toEqual([
    "alias set store http://store:9000",
    "mb --ignore-existing store/coaching-app",
    "admin user add store",
    "admin policy create store server-key policy-server.json",
    "admin policy attach store server-key --user server-key",
    "admin user add store",
    "admin policy create store upload-key policy-upload.json",
    "admin policy attach store upload-key --user upload-key",
  ]);
  expect(input).toBe("root-user\nof-root\nserver-key\nof-server\nupload-key\nof-upload\n");
  expect(setUp().commands.at(-1)).toBe("admin user info store upload-key");
});
