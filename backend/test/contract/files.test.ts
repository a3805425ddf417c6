import { expect, test } from "vitest";
import { documentOf, getFile, presign, put, register, stream, upload } from "../files/client.ts";
import { pdf, png } from "../files/samples.ts";
import { createDiskWorld } from "../files/world.ts";
import { call, uploadFile } from "../harness/client.ts";
import { expectCreated, expectFields, expectPage, expectProblem } from "./shapes.ts";

const { app, home, away } = await createDiskWorld();
const { org_admin, coach } = home.people;
const { token } = org_admin;
const avatar = { target: "avatar", fileName: "me.png", contentType: "image/png", size: png.length };
const at = (method: string, path: string, body?: unknown, as = token) =>
  call(app, method, `/api/v1/files${path}`, { token: as, body });
const uploaded = () => uploadFile(app, token, pdf, documentOf(home));

test("presign, PUT, register, look, list, delete: every answer as the guide has it", async () => {
  const signed = await presign(app, token, documentOf(home, { size: pdf.length }));
  expect(signed.status).toBe(201);
  expectFields(signed.json, "presigned");
  expect(signed.json.method).toBe("PUT");
  expect(signed.json.uploadUrl).toMatch(/^http:\/\//);
  expect(signed.json.storageKey).toMatch(/^documents\/[0-9a-f-]{36}\.pdf$/);
  expect(Object.keys(signed.json.headers)).not.toEqual(expect.arrayContaining(["host", "content-length"]));

  expectProblem(await register(app, token, signed.json.storageKey), 409, "conflict");
  expect((await put(signed.json, pdf)).status).toBe(200);
  expectProblem(await register(app, coach.token, signed.json.storageKey), 404, "not_found");
  const made = await register(app, token, signed.json.storageKey);
  expectCreated(made, "file", "/api/v1/files");
  expect(made.json).toMatchObject({
    target: "organizationFile",
    organizationId: home.organizationId,
    mentorshipId: null,
    sessionId: null,
    contentType: "application/pdf",
    declaredType: "application/pdf",
    size: pdf.length,
    status: "ready",
    uploadedBy: org_admin.userId,
  });
  expectProblem(await register(app, token, signed.json.storageKey), 404, "not_found");

  const found = await getFile(app, coach.token, made.json.id);
  expectFields(found.json, "fileWithUrl");
  expect(found.json).toMatchObject(made.json);
  expect(Date.parse(found.json.downloadUrlExpiresAt) - Date.now()).toBeLessThanOrEqual(300_000);
  expect(Buffer.from(await (await fetch(found.json.downloadUrl)).arrayBuffer())).toEqual(pdf);
  expectPage(await at("GET", `?organizationId=${home.organizationId}`), "file");

  expect((await at("DELETE", `/${made.json.id}`)).status).toBe(204);
  expectProblem(await at("DELETE", `/${made.json.id}`), 404, "not_found");
  expectProblem(await getFile(app, token, made.json.id), 404, "not_found");
});

test.each<[string, object, number, string]>([
  ["prefix", { prefix: "/a" }, 400, "validation_failed"],
  ["prefix", { prefix: "a/../b" }, 400, "validation_failed"],
  ["prefix", { prefix: "a//b" }, 400, "validation_failed"],
  ["prefix", { prefix: "x".repeat(65) }, 400, "validation_failed"],
  ["size", { size: 0 }, 400, "validation_failed"],
  ["size", { size: 1.5 }, 400, "validation_failed"],
  ["fileName", { fileName: "" }, 400, "validation_failed"],
  ["fileName", { fileName: "x".repeat(501) }, 400, "validation_failed"],
  ["sha256", { sha256: "abc" }, 400, "validation_failed"],
  ["target", { target: "anything" }, 400, "validation_failed"],
  ["organizationId", { organizationId: home.organizationId }, 400, "validation_failed"],
  ["", { contentType: "image/svg+xml" }, 415, "unsupported_media_type"],
  ["", { size: 5 * 1024 * 1024 + 1 }, 413, "payload_too_large"],
])("presign refuses %s: %j", async (field, change, status, code) => {
  const refused = await presign(app, token, { ...avatar, ...change });
  expectProblem(refused, status, code);
  const named = field === "" ? [] : [field];
  expect(refused.json.details.map((one: { field: string }) => one.field)).toEqual(named);
});

test("a foreign logo is 403, a foreign document 404", async () => {
  const { organizationId } = away;
  expectProblem(
    await presign(app, token, { ...avatar, target: "orgLogo", organizationId }),
    403,
    "forbidden",
  );
  expectProblem(await presign(app, token, documentOf(away, { size: 9 })), 404, "not_found");
});

test("register: a key of another form is 400, one of nobody 404, another type 422 and gone", async () => {
  for (const key of ["../../etc/passwd", "documents/x.pdf", "/documents/a.pdf", ""])
    expectProblem(await register(app, token, key), 400, "validation_failed");
  expectProblem(await register(app, token, `documents/${crypto.randomUUID()}.pdf`), 404, "not_found");
  const { storageKey } = await upload(app, token, pdf, { ...avatar, size: pdf.length });
  expectProblem(await register(app, token, storageKey), 422, "validation_failed");
  expectProblem(await register(app, token, storageKey), 404, "not_found");
});

test("a stream: whole, part, beyond the end, unchanged", async () => {
  const { id } = await uploaded();
  const whole = await stream(app, coach.token, id);
  const tag = whole.headers.get("etag") ?? "";
  expect([whole.status, whole.bytes]).toEqual([200, pdf]);
  expect(Object.fromEntries(whole.headers)).toMatchObject({
    "accept-ranges": "bytes",
    "content-length": String(pdf.length),
    "content-type": "application/pdf",
    "content-disposition": expect.stringMatching(/^attachment; filename="welcome\.pdf"/),
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
  });
  const part = await stream(app, token, id, { headers: { range: "bytes=5-9" } });
  expect([part.status, part.bytes]).toEqual([206, pdf.subarray(5, 10)]);
  expect(part.headers.get("content-range")).toBe(`bytes 5-9/${pdf.length}`);
  const beyond = await stream(app, token, id, { headers: { range: `bytes=${pdf.length}-` } });
  expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, `bytes */${pdf.length}`]);
  const same = await stream(app, token, id, { headers: { "if-none-match": tag } });
  expect([same.status, same.headers.get("etag"), same.bytes.length]).toEqual([304, tag, 0]);
});

test("an upload in parts: begun, asked, completed to one file, or given up once", async () => {
  const begin = () => at("POST", "/multipart", documentOf(home, { size: pdf.length }));
  const [begun, other] = [await begin(), await begin()];
  expect(begun.status, begun.text).toBe(201);
  expectFields(begun.json, "multipart");
  const path = `/multipart/${begun.json.uploadId}`;
  expectProblem(await at("POST", `${path}/complete`), 409, "conflict");
  expectProblem(await at("POST", `${path}/parts`, { partNumbers: [2] }), 400, "validation_failed");
  expect((await at("POST", `${path}/parts`)).json).toEqual({ uploaded: [], parts: [] });
  const { json } = await at("POST", `${path}/parts`, { partNumbers: [1] });
  expectFields(json.parts[0], "part");
  expect((await put(json.parts[0], pdf)).status).toBe(200);
  const uploadedParts = (await at("POST", `${path}/parts`, {})).json.uploaded;
  expect(uploadedParts).toEqual([{ partNumber: 1, size: pdf.length }]);
  expectProblem(await at("POST", `${path}/complete`, undefined, coach.token), 404, "not_found");
  const completed = await at("POST", `${path}/complete`);
  expectCreated(completed, "file", "/api/v1/files");
  expect(await at("POST", `${path}/complete`)).toMatchObject({ status: 201, json: completed.json });

  const unwanted = `/multipart/${other.json.uploadId}`;
  expect((await at("DELETE", unwanted)).status).toBe(204);
  expectProblem(await at("DELETE", unwanted), 404, "not_found");
});

test("a registered avatar is the one of /me, and a deleted one is not", async () => {
  const { id } = await uploadFile(app, coach.token, png, avatar);
  const avatarOf = async () =>
    (await call(app, "GET", "/api/v1/me", { token: coach.token })).json.avatarFileId;
  expect(await avatarOf()).toBe(id);
  expect((await at("DELETE", `/${id}`, undefined, coach.token)).status).toBe(204);
  expect(await avatarOf()).toBeNull();
});

test("a list is of one organization", async () => {
  expectProblem(await at("GET", ""), 400, "validation_failed");
  expectProblem(await at("GET", `?organizationId=${away.organizationId}`), 404, "not_found");
  const none = await at("GET", `?organizationId=${home.organizationId}&target=orgLogo&status=ready`);
  expect(none.json).toEqual({ data: [], page: { nextCursor: null, hasMore: false } });
});
