import { v7 as uuidv7 } from "uuid";
import type { OrganizationRole } from "../harness/client.ts";
import type { Prepare } from "./attempts.ts";
import { spareInvitation, spareOrganization } from "./spares.ts";

const offer = (role: OrganizationRole) => ({ email: `${uuidv7()}@example.test`, role });

const create =
  (role: OrganizationRole): Prepare =>
  ({ target }) => ({ params: { organizationId: target.organizationId }, body: offer(role) });

const on =
  (role: OrganizationRole): Prepare =>
  async (scene) => {
    const { id } = await spareInvitation(scene, { role });
    return { params: { organizationId: scene.target.organizationId, invitationId: id } };
  };

/** Into an organization of its own, so that who accepts stays what they are in the others. */
const link =
  (whose: "own" | "another"): Prepare =>
  async (scene) => {
    const organizationId = await spareOrganization(scene.app);
    const mine = whose === "own" && { email: scene.caller.email };
    const { token } = await spareInvitation(scene, { organizationId, ...mine });
    return { params: { token } };
  };

export const invitationAttempts: Readonly<Record<string, Prepare>> = {
  "invitations.list": ({ target }) => ({ params: { organizationId: target.organizationId } }),
  "invitations.create: of a client": create("client"),
  "invitations.create: of a manager": create("manager"),
  "invitations.create: of an org_admin": create("org_admin"),
  "invitations.bulk": ({ target }) => ({
    params: { organizationId: target.organizationId },
    body: { invitations: [offer("client")] },
  }),
  "invitations.get: of a client": on("client"),
  "invitations.get: of an org_admin": on("org_admin"),
  "invitations.resend: of a client": on("client"),
  "invitations.resend: of an org_admin": on("org_admin"),
  "invitations.revoke: of a client": on("client"),
  "invitations.revoke: of an org_admin": on("org_admin"),
  "invitations.preview": link("another"),
  "invitations.accept: to one's own address": link("own"),
  "invitations.accept: to another address": link("another"),
  "invitations.decline: to one's own address": link("own"),
  "invitations.decline: to another address": link("another"),
};
