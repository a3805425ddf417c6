import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { read } from "../docs/repository.ts";
import { call } from "../harness/client.ts";
import { stream } from "./client.ts";
import { picture } from "./samples.ts";
import { createDiskWorld } from "./world.ts";

const { app, home } = await createDiskWorld();
const { organizationId, people } = home;
const { token } = people.org_admin;

const examples = [...read("docs/files.md").matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code = ""]) => code);

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
