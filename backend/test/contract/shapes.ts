import { expect } from "vitest";
import type { call } from "../harness/client.ts";

type Answer = Awaited<ReturnType<typeof call>>;

/** The fields of every object of the API guide: these and no others, whoever asks. */
export const fields = {
  page: "nextCursor hasMore",
  problem: "type title status detail instance code requestId error message details",
  me: "id email name emailVerified globalRole twoFactorEnabled avatarFileId timeZone locale createdAt memberships",
  membership: "memberId organizationId organizationName organizationSlug role status secondFactorNeeded",
  keepAlive: "expiresAt serverTime minAppVersion",
  authSession: "id current createdAt lastSeenAt expiresAt ip userAgent client",
  organization: "id name slug logoFileId status createdAt version",
  settings: "clientsSeeDirectory coachesInviteClients twoFactorRoles version",
  storage: "usedBytes reservedBytes fileCount quotaBytes",
  member: "id userId organizationId name email role status joinedAt version",
  invitation: "id email role status expiresAt invitedBy createdAt version",
  preview: "organizationName role emailMasked expiresAt status",
  invitationAnswer: "id organizationId organizationName memberId email role status",
  presigned: "uploadUrl method headers storageKey expiresAt",
  file: "id target organizationId mentorshipId sessionId fileName contentType declaredType size sha256 status uploadedBy createdAt version",
  fileWithUrl:
    "id target organizationId mentorshipId sessionId fileName contentType declaredType size sha256 status uploadedBy createdAt version threat downloadUrl downloadUrlExpiresAt",
  multipart: "uploadId storageKey partSize partCount expiresAt",
  part: "partNumber uploadUrl method headers size",
} as const;

export type Shape = keyof typeof fields;

/** Every field of that object and no other. */
export function expectFields(object: object, shape: Shape): void {
  expect(Object.keys(object).sort(), shape).toEqual(fields[shape].split(" ").sort());
}

/** A page of such objects. */
export function expectPage({ status, json, text }: Answer, shape: Shape): void {
  expect(status, text).toBe(200);
  expect(Object.keys(json).sort()).toEqual(["data", "page"]);
  expectFields(json.page, "page");
  expect(json.data.length).toBeGreaterThan(0);
  for (const one of json.data) expectFields(one, shape);
}

/** A refusal of that status and code, in the one shape that they all have. */
export function expectProblem({ status, headers, json, text }: Answer, wanted: number, code: string): void {
  expect([status, json?.code], text).toEqual([wanted, code]);
  expect(headers.get("content-type")).toMatch(/^application\/problem\+json/);
  expectFields(json, "problem");
  expect(json).toMatchObject({ status, error: json.title, message: json.detail });
  expect(json.requestId).toBe(headers.get("x-request-id"));
  for (const one of json.details) expect(Object.keys(one).sort()).toEqual(["field", "message"]);
}

/** 201, and the place of what was made. */
export function expectCreated({ status, headers, json, text }: Answer, shape: Shape, place: string): void {
  expect(status, text).toBe(201);
  expectFields(json, shape);
  expect(headers.get("location")).toBe(`${place}/${json.id ?? json.uploadId}`);
}
