import { call, type Person } from "../harness/client.ts";
import type { Prepare, Scene } from "./attempts.ts";
import { type FileKind, png, presentFile, presignBody, upload } from "./world.ts";

const presign =
  (kind: FileKind): Prepare =>
  ({ target }) => ({ body: { ...presignBody(kind, target.organizationId), size: png.length } });

const present =
  (kind: FileKind): Prepare =>
  async ({ app, target }) => ({ params: { fileId: await presentFile(app, target, kind) } });

const ownAvatar: Prepare = async ({ app, caller, target }) => ({
  params: { fileId: await upload(app, caller, "avatar", target.organizationId) },
});

/** Uploads without registering. */
async function uploaded({ app }: Scene, person: Person): Promise<string> {
  const { json } = await call(app, "POST", "/api/v1/files/presign", {
    token: person.token,
    body: { ...presignBody("avatar", ""), size: png.length },
  });
  const put = await fetch(json.uploadUrl, { method: "PUT", headers: json.headers, body: png });
  if (!put.ok) throw new Error(`upload: ${put.status}`);
  return json.storageKey;
}

export const fileAttempts: Readonly<Record<string, Prepare>> = {
  "files.presign: avatar": presign("avatar"),
  "files.presign: orgLogo": presign("orgLogo"),
  "files.presign: organizationFile": presign("organizationFile"),
  "files.register: own avatar": async (scene) => ({
    body: { storageKey: await uploaded(scene, scene.caller) },
  }),
  "files.register: another person's upload": async (scene) => ({
    body: { storageKey: await uploaded(scene, scene.target.colleague) },
  }),
  "files.get: own avatar": ownAvatar,
  "files.get: a colleague's avatar": present("avatar"),
  "files.get: orgLogo": present("orgLogo"),
  "files.get: organizationFile": present("organizationFile"),
  "files.stream: a colleague's avatar": present("avatar"),
  "files.stream: orgLogo": present("orgLogo"),
  "files.stream: organizationFile": present("organizationFile"),
  "files.delete: own avatar": ownAvatar,
  "files.delete: a colleague's avatar": present("avatar"),
  "files.delete: orgLogo": present("orgLogo"),
  "files.delete: organizationFile": present("organizationFile"),
};
