import type { Prepare } from "./attempts.ts";

const onTarget: Prepare = ({ target }) => ({ params: { organizationId: target.organizationId } });
const onPlatform: Prepare = () => ({});

export const auditAttempts: Readonly<Record<string, Prepare>> = {
  "auditEvents.list": onTarget,
  "auditEvents.export": onTarget,
  "auditEvents.verify": onTarget,
  "platform.auditEvents.list": onPlatform,
  "platform.auditEvents.export": onPlatform,
  "platform.auditEvents.verify": onPlatform,
};
