import { expect, test } from "vitest";
import { startTestApp } from "./harness/app.ts";
import { call, createTenant, uploadFile } from "./harness/client.ts";

const app = await startTestApp();

test("an admin uploads a document and a member streams the same bytes back", async () => {
  const tenant = await createTenant(app);
  const bytes = Buffer.from(`%PDF-1.7\n${"x".repeat(5000)}`);
  const file = await uploadFile(app, tenant.people.org_admin.token, bytes, {
    target: "organizationFile",
    organizationId: tenant.organizationId,
    fileName: "welcome.pdf",
    contentType: "application/pdf",
  });
  expect(file).toMatchObject({ status: "ready", contentType: "application/pdf", size: bytes.length });
  const response = await fetch(`${app.url}/api/v1/files/${file.id}/stream`, {
    headers: { authorization: `Bearer ${tenant.people.client.token}` },
  });
  expect(response.status).toBe(200);
  expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  const stranger = await createTenant(app);
  const denied = await call(app, "GET", `/api/v1/files/${file.id}`, {
    token: stranger.people.org_admin.token,
  });
  expect(denied.status).toBe(404);
});
