import type { FilesDeps } from "./files.deps.ts";
import { preparePicture } from "./files.pictures.ts";
import { targets } from "./files.targets.ts";
import { type Checked, type Promised, verifyObject } from "./files.verify.ts";

/**
 * Compares an object with what was promised, and makes of a picture what is kept of it. A picture is changed in place, so
 * this runs once on its object: within register, for pictures are never larger than that takes. The bytes of all others
 * stay, and may be checked again.
 */
export async function checkObject(
  deps: Pick<FilesDeps, "storage" | "images" | "imageOriginals">,
  key: string,
  promised: Promised & { readonly fileName: string },
): Promise<Checked> {
  const verified = await verifyObject(deps.storage, key, promised);
  if (!verified.ok) return verified;
  const { contentType, sha256 } = verified;
  const kept = { fileName: promised.fileName, contentType, size: promised.size, sha256, sizes: [] };
  return targets[promised.target].picture ? preparePicture(deps, key, kept) : { ok: true, kept };
}
