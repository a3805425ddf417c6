import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import type { ByteRange, StoragePort, StoredBytes, Streamable } from "../../adapters/storage/port.ts";
import { AppError } from "../../errors.ts";
import { contentDisposition } from "./file-name.ts";
import type { FilesDeps } from "./files.deps.ts";
import { type FileRow, objectKey, type PictureSize, pictureSizes, sizeKey } from "./files.rows.ts";
import { targets } from "./files.targets.ts";
import { bytesOf, type Checked, type Kept } from "./files.verify.ts";

const webpType = "image/webp";

/**
 * Decodes a picture and writes its smaller sizes beside it. What it told besides (where, when, with what) goes: then it
 * is drawn anew, or dropped for its largest size, by setting. One that tells nothing keeps its bytes.
 */
export async function preparePicture(
  { storage, images, imageOriginals }: Pick<FilesDeps, "storage" | "images" | "imageOriginals">,
  key: string,
  kept: Kept,
): Promise<Checked> {
  const drop = imageOriginals === "drop";
  const read = async () => {
    const source = await storage.read(key);
    return source && (await buffer(bytesOf(source)));
  };
  const rendered = await images.render(read, kept.contentType, { sizes: pictureSizes, clean: !drop });
  if (!rendered) return { ok: null };
  if (!rendered.ok) return rendered;
  for (const [i, size] of pictureSizes.entries()) {
    const bytes = rendered.webp[i];
    if (!bytes) throw new Error(`no picture of ${size} pixels was made`);
    await write(storage, sizeKey(key, size), bytes, webpType);
  }
  const sizes = [...pictureSizes];
  const instead = drop ? rendered.webp.at(-1) : rendered.clean;
  if (!instead) return { ok: true, kept: { ...kept, sizes } };
  const contentType = drop ? webpType : kept.contentType;
  await write(storage, key, instead, contentType);
  return {
    ok: true,
    kept: {
      fileName: drop ? webpName(kept.fileName) : kept.fileName,
      contentType,
      size: instead.length,
      sha256: createHash("sha256").update(instead).digest("hex"),
      sizes,
    },
  };
}

const write = (storage: StoragePort, key: string, bytes: Buffer, contentType: string): Promise<void> =>
  storage.put(key, bytes, { contentType, size: bytes.length });

/** @throws AppError `validation_failed` for a file that never has smaller sizes */
export function assertPicture({ target }: FileRow): void {
  if (targets[target].picture) return;
  throw new AppError("validation_failed", "The request data is invalid", {
    fields: [{ field: "size", message: `Not used for ${target}` }],
  });
}

/** The picture in one of its sizes, as WebP. */
export async function smallerPicture(
  storage: Pick<StoragePort, "head">,
  row: FileRow,
  size: PictureSize,
  read: (key: string, range: ByteRange | null) => Promise<StoredBytes>,
): Promise<Streamable> {
  const key = sizeKey(objectKey(row), size);
  // A row from before there were sizes has none.
  const head = row.sizes.includes(size) ? await storage.head(key) : null;
  if (!head) throw new AppError("not_found", "Not found");
  return {
    etag: `"${row.id}-${size}"`,
    size: head.size,
    contentType: webpType,
    disposition: contentDisposition("inline", webpName(row.fileName)),
    open: (range) => read(key, range),
  };
}

/** `me.at.sea.jpg` → `me.at.sea.webp` */
const webpName = (name: string): string => `${name.replace(/\.[^.]{1,10}$/, "")}.webp`;
