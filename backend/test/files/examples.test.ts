import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it, vi } from "vitest";
import { read } from "../docs/repository.ts";
import { call } from "../harness/client.ts";
import { getFile, stream } from "./client.ts";
import { document, MIB, mp4, picture } from "./samples.ts";
import { createDiskWorld } from "./world.ts";

const { app, home } = await createDiskWorld();
const { organizationId, people } = home;
const { token } = people.org_admin;

const codeOf = (language: string): string[] =>
  [...read("docs/files.md").matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    ([, code = ""]) => code,
  );
const examples = codeOf("js");

/** What `api` of the page for clients does. */
async function api(method: string, path: string, body?: unknown): Promise<Record<string, string>> {
  const { status, json, text } = await call(app, method, `/api/v1${path}`, { token, body });
  if (status >= 300) throw new Error(text);
  return json;
}

type Upload = (file: unknown, target: string, organizationId: string) => Promise<{ id: string }>;

/** The function that the page shows, as it stands there. */
function shown(name: string): Upload {
  const code = examples.find((text) => text.includes(`function ${name}(`));
  return new Function("api", `${code}\nreturn ${name};`)(api) as Upload;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

it.each([
  [
    "a browser",
    "upload",
    (bytes: Buffer) => new File([new Uint8Array(bytes)], "a.png", { type: "image/png" }),
  ],
  [
    "React Native",
    "uploadPicked",
    (bytes: Buffer) => ({
      uri: `data:image/png;base64,${bytes.toString("base64")}`,
      name: "a.png",
      mimeType: "image/png",
    }),
  ],
])("the upload shown for %s arrives whole", async (_, name, fileOf) => {
  const bytes = picture();
  const { id } = await shown(name)(fileOf(bytes), "organizationFile", organizationId);
  expect(sha256((await stream(app, token, id)).bytes)).toBe(sha256(bytes));
});

const tools = ["bash", "curl", "jq"].every((tool) => {
  try {
    return execFileSync(tool, ["--version"]).length > 0;
  } catch {
    return false;
  }
});

describe.skipIf(!tools && !process.env.CI)("the shell commands of the page", () => {
  const folder = mkdtempSync(join(tmpdir(), "examples-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const film = Buffer.concat([mp4, document(17 * MIB)]);
  writeFileSync(join(folder, "original"), film);

  /** The one that does this, as it stands there. */
  async function run(what: RegExp, settings: Record<string, string>): Promise<string> {
    const [code = "", ...others] = codeOf("sh").filter((text) => what.test(text));
    expect(others).toEqual([]);
    const env = { PATH: process.env.PATH, API: app.url, TOKEN: token, ...settings };
    return (await promisify(execFile)("bash", ["-euo", "pipefail", "-c", code], { cwd: folder, env })).stdout;
  }

  it("upload a file in parts, then take its beginning, the rest and its headers", async () => {
    const said = await run(/multipart/, { ORGANIZATION: organizationId, FILE: "original" });
    const [uploaded, file] = said
      .trim()
      .split(/\n|(?<=\])(?=\{)/)
      .map((line) => JSON.parse(line));
    expect(uploaded).toEqual([
      { partNumber: 1, size: 16 * MIB },
      { partNumber: 2, size: film.length - 16 * MIB },
    ]);
    expect(file).toMatchObject({ fileName: "film.mp4", size: film.length });
    await vi.waitFor(
      async () => expect((await getFile(app, token, file.id)).json.status).toBe("ready"),
      15_000,
    );
    const headers = await run(/film\.mp4 .*goes on/, { ID: file.id });
    expect(readFileSync(join(folder, "film.mp4")).equals(film)).toBe(true);
    expect(headers).toMatch(new RegExp(`^content-length: ${film.length}\r$`, "im"));
  }, 30_000);
});
