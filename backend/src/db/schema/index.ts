export { anomalyFinding, anomalySignal, anomalyWatermark, endedSession } from "./anomaly.ts";
export { auditEpoch, auditEvent, auditSeal } from "./audit.ts";
export {
  account,
  accountRelations,
  knownDevice,
  session,
  sessionRelations,
  twoFactor,
  usedCode,
  userRelations,
  verification,
} from "./auth.ts";
export { file, uploadIntent } from "./file.ts";
export { idempotencyRecord } from "./idempotency.ts";
export { invitation } from "./invitation.ts";
export { member, organization } from "./organization.ts";
export { user } from "./user.ts";
