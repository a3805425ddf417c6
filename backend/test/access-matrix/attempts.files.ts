import { v7 as uuidv7 } from "uuid";
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

/** A file that is not ready; straight into the table, since no scanner runs here. */
const unready =
  (kind: FileKind, status: "quarantined" | "rejected"): Prepare =>
  async ({ app, target }) => {
    const fileId = uuidv7();
    const owner = kind === "avatar" ? null : target.organizationId;
    const uploader = kind === "avatar" ? target.colleague : target.people.org_admin;
    await app.deps.database.sql`
      insert into file (id, target, organization_id, file_name, declared_type, content_type, size, uploaded_by, status,
        threat, scanned_at)
      values (${fileId}, ${kind}, ${owner}, 'dot.png', 'image/png', 'image/png', ${png.length}, ${uploader.userId},
        ${status}, 'Some-Threat', now())`;
    return { params: { fileId } };
  };

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

/** Begins an upload in parts and sends its only part. */
async function uploadedInParts({ app }: Scene, person: Person): Promise<string> {
  const post = (path: string, body: unknown) =>
    call(app, "POST", `/api/v1/files/multipart${path}`, { token: person.token, body });
  const { json: started } = await post("", { ...presignBody("avatar", ""), size: png.length });
  const { json } = await post(`/${started.uploadId}/parts`, { partNumbers: [1] });
  const put = await fetch(json.parts[0].uploadUrl, { method: "PUT", body: png });
  if (!put.ok) throw new Error(`upload: ${put.status}`);
  return started.uploadId;
}

const ownParts: Prepare = async (scene) => ({
  params: { uploadId: await uploadedInParts(scene, scene.caller) },
});

/** One for all: nobody can do anything to it. */
const foreignParts: Prepare = async (scene) => {
  const { colleague } = scene.target;
  const [open] = await scene.app.deps.database.sql<{ id: string }[]>`
    select id from upload_intent where user_id = ${colleague.userId} and upload_id is not null`;
  return { params: { uploadId: open?.id ?? (await uploadedInParts(scene, colleague)) } };
};

const withParts =
  (prepare: Prepare): Prepare =>
  async (scene) => ({ ...(await prepare(scene)), body: { partNumbers: [1] } });

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
  "files.multipart.start: avatar": presign("avatar"),
  "files.multipart.start: orgLogo": presign("orgLogo"),
  "files.multipart.start: organizationFile": presign("organizationFile"),
  "files.multipart.get: own avatar": ownParts,
  "files.multipart.get: another person's upload": foreignParts,
  "files.multipart.parts: own avatar": withParts(ownParts),
  "files.multipart.parts: another person's upload": withParts(foreignParts),
  "files.multipart.complete: own avatar": ownParts,
  "files.multipart.complete: another person's upload": foreignParts,
  "files.multipart.abort: own avatar": ownParts,
  "files.multipart.abort: another person's upload": foreignParts,
  "files.list: organizationFile": ({ target }) => ({ query: `?organizationId=${target.organizationId}` }),
  "files.list: organizationFile, held": ({ target }) => ({
    query: `?organizationId=${target.organizationId}&status=quarantined`,
  }),
  "files.get: own avatar": ownAvatar,
  "files.get: a colleague's avatar": present("avatar"),
  "files.get: orgLogo": present("orgLogo"),
  "files.get: organizationFile": present("organizationFile"),
  "files.stream: a colleague's avatar": present("avatar"),
  "files.stream: orgLogo": present("orgLogo"),
  "files.stream: organizationFile": present("organizationFile"),
  "files.get: organizationFile in quarantine": unready("organizationFile", "quarantined"),
  "files.get: organizationFile refused": unready("organizationFile", "rejected"),
  "files.stream: organizationFile refused": unready("organizationFile", "rejected"),
  "files.get: a colleague's avatar in quarantine": unready("avatar", "quarantined"),
  "files.stream: organizationFile in quarantine": unready("organizationFile", "quarantined"),
  "files.release: organizationFile": unready("organizationFile", "quarantined"),
  "files.release: orgLogo": unready("orgLogo", "quarantined"),
  "files.release: a colleague's avatar": unready("avatar", "quarantined"),
  "files.delete: own avatar": ownAvatar,
  "files.delete: a colleague's avatar": present("avatar"),
  "files.delete: orgLogo": present("orgLogo"),
  "files.delete: organizationFile": present("organizationFile"),
};
