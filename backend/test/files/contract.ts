import { describeDeleting } from "./contract.deleting.ts";
import { describeHostile } from "./contract.hostile.ts";
import { describeIntents } from "./contract.intents.ts";
import { describeMainJob } from "./contract.main-job.ts";
import { describeMultipart } from "./contract.multipart.ts";
import { describeMultipartEnds } from "./contract.multipart-ends.ts";
import { describeNames } from "./contract.names.ts";
import { describePermissions } from "./contract.permissions.ts";
import { describeReplacing } from "./contract.replacing.ts";
import { describeStreaming } from "./contract.streaming.ts";
import { describeTypes } from "./contract.types.ts";
import type { World } from "./world.ts";

/** What holds for files on every store. */
export function describeFiles(world: World): void {
  for (const part of [
    describeMainJob,
    describePermissions,
    describeIntents,
    describeTypes,
    describeNames,
    describeStreaming,
    describeDeleting,
    describeMultipart,
    describeMultipartEnds,
    describeHostile,
    describeReplacing,
  ])
    part(world);
}
