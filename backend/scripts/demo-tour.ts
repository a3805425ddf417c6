import { createHash, randomUUID } from "node:crypto";
import { demoAccounts } from "../src/seed/demo-data.ts";
import { type Answer, createDemoApi, type DemoApi, DemoFailure, type Say } from "./demo-api.ts";
import { samplePdf, samplePng } from "./demo-samples.ts";

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

function assertSame(what: string, sent: Buffer, received: Buffer, say: Say): void {
  const [before, after] = [sha256(sent), sha256(received)];
  if (before !== after) throw new DemoFailure(`${what}: the bytes that came back are not those sent.`);
  say(`    SHA-256 sent      ${before}`);
  say(`    SHA-256 received  ${after}  the same`);
}

async function signIn(api: DemoApi, email: string): Promise<string> {
  const account = demoAccounts.find((one) => one.email === email);
  const json = { email, password: account?.password };
  const show = ["user.email", "token"];
  const answer = await api("POST", "/api/auth/sign-in/email", { json, expect: 200, show }).catch((error) => {
    if (!(error instanceof DemoFailure && error.status === 401)) throw error;
    throw new DemoFailure(
      `${email} cannot sign in: this server has no demo data, or the password was changed.`,
    );
  });
  return answer.field("token");
}

interface Upload {
  readonly target: "organizationFile" | "orgLogo";
  readonly organizationId: string;
  readonly fileName: string;
  readonly contentType: string;
}

/** Presign, PUT, register. @returns the file's id */
async function upload(api: DemoApi, token: string, bytes: Buffer, what: Upload): Promise<string> {
  const presigned = await api("POST", "/api/v1/files/presign", {
    token,
    json: { ...what, size: bytes.length, sha256: sha256(bytes) },
    expect: 201,
    show: ["method", "storageKey", "expiresAt"],
  });
  await api("PUT", presigned.field("uploadUrl"), {
    bytes,
    headers: { "content-type": presigned.field("headers.content-type") },
    expect: 200,
    show: [],
  });
  const file = await api("POST", "/api/v1/files/register", {
    token,
    json: { storageKey: presigned.field("storageKey") },
    expect: 201,
    show: ["id", "status", "contentType", "size"],
  });
  return file.field("id");
}

const streamOf = (fileId: string): string => `/api/v1/files/${fileId}/stream`;

async function streamBack(api: DemoApi, token: string, fileId: string): Promise<Answer> {
  const show = ["content-type", "content-length", "content-disposition"];
  return api("GET", streamOf(fileId), { token, expect: 200, show });
}

/**
 * The main job, end to end, as the admin of one demo organization, and one attempt from another.
 *
 * @param base of a running server that has the demo accounts
 * @throws DemoFailure when the server is not there or anything differs from what is promised
 */
export async function runTour(base: string, say: Say): Promise<void> {
  const api = createDemoApi(base, say);

  say("1  The server answers");
  await api("GET", "/health", { expect: 200, show: ["status", "version"] });

  say("\n2  The admin of Northwind signs in");
  const admin = await signIn(api, "admin@northwind.test");
  const membership = "memberships.0";
  const me = await api("GET", "/api/v1/me", {
    token: admin,
    expect: 200,
    show: ["email", `${membership}.organizationName`, `${membership}.role`],
  });
  const organizationId = me.field(`${membership}.organizationId`);

  say("\n3  A PDF becomes a document of the organization");
  const pdf = samplePdf(["Welcome to Northwind Coaching", "This page was made and uploaded by the demo."]);
  const document = { target: "organizationFile", contentType: "application/pdf" } as const;
  const pdfId = await upload(api, admin, pdf, { ...document, organizationId, fileName: "welcome.pdf" });
  const pdfBack = await streamBack(api, admin, pdfId);
  assertSame("The PDF", pdf, pdfBack.bytes, say);

  say("\n4  A part of it, by Range");
  const range = await api("GET", streamOf(pdfId), {
    token: admin,
    headers: { range: "bytes=0-7" },
    expect: 206,
    show: ["content-range"],
  });
  if (!range.bytes.equals(pdf.subarray(0, 8)))
    throw new DemoFailure("The range holds other bytes than asked for.");
  say(`    bytes 0 to 7      ${range.bytes.toString("latin1")}`);

  say("\n5  A PNG becomes the logo of the organization");
  const png = samplePng(128);
  const logo = { target: "orgLogo", contentType: "image/png" } as const;
  const logoId = await upload(api, admin, png, { ...logo, organizationId, fileName: "logo.png" });
  assertSame("The logo", png, (await streamBack(api, admin, logoId)).bytes, say);
  const organization = await api("GET", `/api/v1/organizations/${organizationId}`, {
    token: admin,
    expect: 200,
    show: ["name", "logoFileId"],
  });
  if (organization.field("logoFileId") !== logoId)
    throw new DemoFailure("The organization does not show the new logo.");

  say("\n6  The admin of Southbay asks for Northwind's document");
  const stranger = await signIn(api, "admin@southbay.test");
  const refusal = { token: stranger, expect: 404, show: ["code", "detail"] };
  const denied = await api("GET", `/api/v1/files/${pdfId}`, refusal);
  await api("GET", streamOf(pdfId), refusal);
  say("    … and for an id that nobody has:");
  const unknown = await api("GET", `/api/v1/files/${randomUUID()}`, refusal);
  if (denied.field("code") !== unknown.field("code") || denied.field("detail") !== unknown.field("detail"))
    throw new DemoFailure("A stranger can tell an existing file from one that does not exist.");

  say(
    "\nProven: a PDF and a PNG went up and came back byte for byte, whole and in part, and another organization's admin cannot even tell that they exist.",
  );
}
