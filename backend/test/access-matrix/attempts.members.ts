import { join, type OrganizationRole } from "../harness/client.ts";
import type { Prepare } from "./attempts.ts";
import { spareMember, spareOrganization } from "./spares.ts";

const on =
  (role: OrganizationRole, body?: object): Prepare =>
  async (scene) => {
    const { memberId } = await spareMember(scene, role);
    return { params: { organizationId: scene.target.organizationId, memberId }, ...(body && { body }) };
  };

/** A client whose account opens another organization too. */
const elsewhereToo: Prepare = async (scene) => {
  const { app, target } = scene;
  const { memberId, userId } = await spareMember(scene, "client");
  await join(app, await spareOrganization(app), { userId }, "client");
  return { params: { organizationId: target.organizationId, memberId } };
};

export const memberAttempts: Readonly<Record<string, Prepare>> = {
  "members.list": ({ target }) => ({ params: { organizationId: target.organizationId } }),
  "members.get: a client": on("client"),
  "members.get: a coach": on("coach"),
  "members.get: an org_admin": on("org_admin"),
  "members.update: a client": on("client", { status: "suspended" }),
  "members.update: a client, to manager": on("client", { role: "manager" }),
  "members.update: an org_admin": on("org_admin", { status: "suspended" }),
  "members.remove: a client": on("client"),
  "members.remove: an org_admin": on("org_admin"),
  "members.revokeSessions: a client": on("client"),
  "members.revokeSessions: a client elsewhere too": elsewhereToo,
  "members.revokeSessions: an org_admin": on("org_admin"),
  "members.resetTwoFactor: a client": on("client"),
  "members.resetTwoFactor: a client elsewhere too": elsewhereToo,
  "members.resetTwoFactor: an org_admin": on("org_admin"),
};
