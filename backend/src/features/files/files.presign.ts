import { v7 as uuidv7 } from "uuid";
import type { Caller } from "../../auth/actor.ts";
import { enforce } from "../../auth/enforce.ts";
import { AppError } from "../../errors.ts";
import { cleanFileName, extensionOf } from "./file-name.ts";
import type { FilesDeps } from "./files.deps.ts";
import { knownIn, uploadVerdict } from "./files.policy.ts";
import { type NewIntent, reserve } from "./files.quota.ts";
import { stagingKey } from "./files.rows.ts";
import type { Presign, Presigned } from "./files.schema.ts";
import { accepts, targets } from "./files.targets.ts";

type Admitted = Omit<NewIntent, "expiresAt">;

export const startWithinSeconds = 10 * 60;
const registerWithinSeconds = 60 * 60;

/** What is asked of every upload before it may begin; makes the intent, which is not stored yet. */
export function createAdmission({ storageIsUp, limits }: FilesDeps) {
  return async (caller: Caller, input: Presign): Promise<Admitted> => {
    const target = targets[input.target];
    const organizationId = ownerOf(input);
    enforce(uploadVerdict(caller, input.target, organizationId), knownIn(caller, organizationId));
    if (input.size > limits[input.target])
      throw new AppError("payload_too_large", `At most ${limits[input.target]} bytes for ${input.target}`);
    if (!accepts(target, input.contentType))
      throw new AppError(
        "unsupported_media_type",
        `${input.contentType} is not accepted for ${input.target}`,
      );
    await storageIsUp();
    return {
      fileId: uuidv7(),
      storageKey: `${input.prefix ?? target.prefix}/${uuidv7()}.${extensionOf(input.fileName)}`,
      target: input.target,
      userId: caller.userId,
      organizationId,
      fileName: cleanFileName(input.fileName),
      declaredType: input.contentType,
      size: input.size,
      sha256: input.sha256 ?? null,
    };
  };
}

/** Permission to upload one object: a single-use intent, and a URL that takes exactly what was declared. */
export function createPresign(deps: FilesDeps) {
  const { db, storage, quotaBytes } = deps;
  const admit = createAdmission(deps);
  return async (caller: Caller, input: Presign): Promise<Presigned> => {
    const admitted = await admit(caller, input);
    const { storageKey } = admitted;
    const upload = await storage.presignPut({
      key: stagingKey(storageKey),
      contentType: input.contentType,
      size: input.size,
      expiresIn: startWithinSeconds,
    });
    const expiresAt = new Date(Date.now() + registerWithinSeconds * 1000);
    await reserve(db, quotaBytes, { ...admitted, expiresAt });
    return {
      uploadUrl: upload.url,
      method: "PUT",
      headers: { ...upload.headers },
      storageKey,
      expiresAt: upload.expiresAt.toISOString(),
    };
  };
}

function ownerOf({ target, organizationId }: Presign): string | null {
  const owned = targets[target].parent === "organization";
  if (owned === (organizationId !== undefined)) return organizationId ?? null;
  const message = owned ? `Needed for ${target}` : `Not used for ${target}`;
  throw new AppError("validation_failed", "The request data is invalid", {
    fields: [{ field: "organizationId", message }],
  });
}
