import type { TestApp } from "../harness/app.ts";
import {
  createPerson,
  createPlatformAdmin,
  createTenant,
  join,
  type Person,
  type Tenant,
  uploadFile,
} from "../harness/client.ts";

/** Smallest picture that a sniffer takes for one. */
export const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

export type FileKind = "avatar" | "orgLogo" | "organizationFile";

export interface PopulatedTenant extends Tenant {
  /** A client who asks for nothing: the owner of the avatar. */
  readonly colleague: Person;
  /** Ids of registered files; one that a test deleted is uploaded again by `presentFile`. */
  readonly files: Record<FileKind, string>;
}

export interface World {
  readonly here: PopulatedTenant;
  readonly elsewhere: PopulatedTenant;
  /** A whole organization that was suspended after it had been filled. */
  readonly suspended: PopulatedTenant;
  readonly platformAdmin: Person;
  /** Client here, org_admin elsewhere. */
  readonly dual: Person;
  /** An org_admin here whose membership is suspended. */
  readonly suspendedMember: Person;
}

export const presignBody = (kind: FileKind, organizationId: string) => ({
  target: kind,
  fileName: "dot.png",
  contentType: "image/png",
  ...(kind !== "avatar" && { organizationId }),
});

export async function upload(
  app: TestApp,
  person: Person,
  kind: FileKind,
  organizationId: string,
): Promise<string> {
  return (await uploadFile(app, person.token, png, presignBody(kind, organizationId))).id;
}

const uploaderOf = ({ colleague, people }: Omit<PopulatedTenant, "files">, kind: FileKind): Person =>
  kind === "avatar" ? colleague : people.org_admin;

/** The id of a file of this kind that is there now. */
export async function presentFile(app: TestApp, tenant: PopulatedTenant, kind: FileKind): Promise<string> {
  const { sql } = app.deps.database;
  const [found] = await sql`select 1 from file where id = ${tenant.files[kind]}`;
  if (!found) tenant.files[kind] = await upload(app, uploaderOf(tenant, kind), kind, tenant.organizationId);
  return tenant.files[kind];
}

async function populated(app: TestApp): Promise<PopulatedTenant> {
  const tenant = await createTenant(app);
  const colleague = await createPerson(app, "A Colleague");
  await join(app, tenant.organizationId, colleague, "client");
  const put = (kind: FileKind) =>
    upload(app, uploaderOf({ ...tenant, colleague }, kind), kind, tenant.organizationId);
  const files = {
    avatar: await put("avatar"),
    orgLogo: await put("orgLogo"),
    organizationFile: await put("organizationFile"),
  };
  return { ...tenant, colleague, files };
}

/** Two tenants with all roles and files, and everybody who stands between them. */
export async function createWorld(app: TestApp): Promise<World> {
  const here = await populated(app);
  const elsewhere = await populated(app);
  const suspended = await populated(app);
  const [platformAdmin, dual, suspendedMember] = await Promise.all([
    createPlatformAdmin(app),
    createPerson(app, "Two Hats"),
    createPerson(app, "Shut Out"),
  ]);
  await join(app, here.organizationId, dual, "client");
  await join(app, elsewhere.organizationId, dual, "org_admin");
  await join(app, here.organizationId, suspendedMember, "org_admin");
  const { sql } = app.deps.database;
  await sql`update member set status = 'suspended' where user_id = ${suspendedMember.userId}`;
  await sql`update organization set suspended_at = now() where id = ${suspended.organizationId}`;
  return { here, elsewhere, suspended, platformAdmin, dual, suspendedMember };
}
