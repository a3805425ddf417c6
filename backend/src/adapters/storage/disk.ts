import { constants } from "node:fs";
import { access } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { mapFaults } from "./disk.faults.ts";
import { prepareFolders } from "./disk.folders.ts";
import { type Admit, createDiskHandler } from "./disk.http.ts";
import { listDisk } from "./disk.list.ts";
import { createDiskMultipart } from "./disk.multipart.ts";
import { createDiskObjects } from "./disk.objects.ts";
import { createSigner, type UrlKeys } from "./disk.signing.ts";
import { once } from "./exact.ts";
import { assertKey } from "./keys.ts";
import type { StoragePort } from "./port.ts";

export interface DiskStorage extends StoragePort {
  /**
   * Answers a request below `/storage/`: uploads and downloads by signed URL. Rejects with an AppError, with nothing
   * of the answer written but perhaps headers set; the caller writes the error.
   */
  handle(request: IncomingMessage, response: ServerResponse, admit?: Admit): Promise<void>;
}

export interface DiskOptions {
  /** Absolute folder, made when missing; not shared with another host. */
  readonly root: string;
  /** Where clients reach `handle`, without `/storage` and trailing slash. */
  readonly publicUrl: string;
  /** Sign URLs and nothing else: the first those that are made; those that come may be of any. */
  readonly keys: () => readonly UrlKeys[];
}

/** Files in a folder of this host, behind URLs that this process signs and serves itself. */
export function createDiskStorage(options: DiskOptions): DiskStorage {
  const folders = prepareFolders(options.root);
  const signer = createSigner(options);
  const objects = createDiskObjects(folders);
  const multipart = createDiskMultipart(folders);

  return {
    handle: createDiskHandler({ signer, objects, multipart }),

    check: () => mapFaults(access(folders.temporary, constants.W_OK)),

    async presignPut({ key, contentType, size, expiresIn }) {
      const fields = { type: contentType, size: String(size) };
      return {
        ...signer.sign({ purpose: "put", key, fields }, expiresIn),
        headers: { "content-type": contentType },
      };
    },

    async presignGet({ key, contentType, contentDisposition, expiresIn }) {
      const fields = { type: contentType, disposition: contentDisposition };
      return signer.sign({ purpose: "get", key, fields }, expiresIn);
    },

    async presignPart({ key, uploadId, partNumber, size, expiresIn }) {
      const fields = { upload: uploadId, part: String(partNumber), size: String(size) };
      return { ...signer.sign({ purpose: "part", key, fields }, expiresIn), headers: {} };
    },

    head: (key) => mapFaults(objects.head(key)),
    read: (key, range) => mapFaults(objects.read(key, range)),

    async put(key, body, { size }) {
      await mapFaults(objects.put(key, body instanceof Uint8Array ? once(body) : body, size));
    },

    copy: (from, to) => mapFaults(objects.copy(from, to)),
    delete: (key) => mapFaults(objects.delete(key)),
    list: (prefix) => listDisk(folders, prefix),
    startMultipart: (key) => mapFaults(multipart.start(key)),
    listParts: (key, uploadId) => mapFaults(multipart.listParts(assertKey(key), uploadId)),
    completeMultipart: (key, uploadId, parts) =>
      mapFaults(multipart.complete(assertKey(key), uploadId, parts)),
    abortMultipart: (key, uploadId) => mapFaults(multipart.abort(assertKey(key), uploadId)),
    listMultiparts: multipart.list,
    close: async () => undefined,
  };
}
