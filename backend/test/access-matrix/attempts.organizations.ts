import type { Prepare } from "./attempts.ts";
import { makeSession } from "./sessions.ts";
import { isPlatformAdmin, roleOf, spareMember, spareOrganization } from "./spares.ts";

type State = "active" | "suspended" | "deleted";

const onTarget =
  (body?: object): Prepare =>
  ({ target }) => ({ params: { organizationId: target.organizationId }, ...(body && { body }) });

/** On an organization to spend for those who may; everybody else asks for the target. */
const spending =
  (state: State, admins: boolean): Prepare =>
  async (scene) => {
    const { app, caller } = scene;
    const mayAsAdmin = admins && (await roleOf(scene)) === "org_admin";
    if (!mayAsAdmin && !(await isPlatformAdmin(scene))) return onTarget()(scene);
    const organizationId = await spareOrganization(app, { state, admin: mayAsAdmin ? caller : undefined });
    return { params: { organizationId } };
  };

/** By somebody to spend of the same role: the caller is still needed. */
const leave: Prepare = async (scene) => {
  const role = await roleOf(scene);
  if (!role) return onTarget()(scene);
  const { userId } = await spareMember(scene, role);
  const { token } = await makeSession(scene.app, userId);
  return { ...(await onTarget()(scene)), token };
};

export const organizationAttempts: Readonly<Record<string, Prepare>> = {
  "organizations.settings.get": onTarget(),
  "organizations.settings.update": onTarget({ clientsSeeDirectory: false }),
  "organizations.storage.get": onTarget(),
  "organizations.storage.update": onTarget({ quotaBytes: 2 ** 40 }),
  "organizations.suspend": spending("active", false),
  "organizations.reactivate": spending("suspended", false),
  "organizations.delete": spending("active", true),
  "organizations.restore": spending("deleted", true),
  "organizations.leave": leave,
};
