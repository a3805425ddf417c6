import { z } from "@hono/zod-openapi";
import { ifMatchVersion, withEtag } from "../../http/etag.ts";
import { idParam, isId } from "../../http/ids.ts";
import {
  createdResponse,
  jsonBody,
  jsonResponse,
  problemResponse,
  staleVersion,
} from "../../http/openapi.ts";
import { createRouter } from "../../http/router.ts";
import { securedRoute } from "../../http/secured-route.ts";
import { sendStream } from "../../http/stream.ts";
import {
  fileSchema,
  fileWithUrlSchema,
  presignedSchema,
  presignSchema,
  registerSchema,
  streamQuery,
} from "./files.schema.ts";
import type { FilesService } from "./files.service.ts";

const tags = ["Files"];
const params = z.object({ fileId: idParam("fileId", "File") });
const bytes = { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } };

const presign = securedRoute(
  { permission: "file.upload" },
  {
    operationId: "files.presign",
    method: "post",
    path: "/files/presign",
    tags,
    summary: "Ask for a URL to upload one file to",
    description:
      "PUT exactly `size` bytes to `uploadUrl` with the `headers` of the answer, then register the `storageKey`.",
    request: { body: jsonBody(presignSchema) },
    responses: {
      201: jsonResponse("Where and how to upload", presignedSchema),
      400: problemResponse("A field is invalid"),
      403: problemResponse("Your role does not allow this, or `quota_exceeded`: it does not fit any more"),
      404: problemResponse("No such organization of yours"),
      413: problemResponse("Larger than this target allows"),
      415: problemResponse("This target does not take this type"),
      503: problemResponse("The store does not answer"),
    },
  },
);

const register = securedRoute(
  { permission: "file.upload" },
  {
    operationId: "files.register",
    method: "post",
    path: "/files/register",
    tags,
    summary: "Turn an upload into a file, once",
    request: { body: jsonBody(registerSchema) },
    responses: {
      201: createdResponse("The file; `processing` while a large one is still being checked", fileSchema),
      400: problemResponse("Not a storage key"),
      404: problemResponse("Not your upload, registered before, or expired"),
      409: problemResponse("Nothing was uploaded yet"),
      422: problemResponse(
        "Size, type or digest are not what was promised, or a picture cannot be shown; the upload is gone",
      ),
      503: problemResponse("The store does not answer"),
    },
  },
);

const get = securedRoute(
  { permission: "file.read" },
  {
    operationId: "files.get",
    method: "get",
    path: "/files/{fileId}",
    tags,
    summary: "One file, with a URL that serves it for five minutes",
    request: { params },
    responses: {
      200: jsonResponse("The file; `ETag` is the version that `If-Match` compares", fileWithUrlSchema),
      404: problemResponse("No such file of yours"),
    },
  },
);

const stream = securedRoute(
  { permission: "file.read" },
  {
    operationId: "files.stream",
    method: "get",
    path: "/files/{fileId}/stream",
    tags,
    summary: "The bytes, whole or a range",
    description: "With `size`, an avatar or logo as WebP of at most so many pixels each way.",
    request: { params, query: streamQuery },
    responses: {
      200: { description: "All bytes", content: bytes },
      206: { description: "The range asked for", content: bytes },
      304: { description: "`If-None-Match` names these bytes" },
      400: problemResponse("No such size, or a file that has none"),
      404: problemResponse("No such file of yours"),
      409: problemResponse("Still being checked"),
      416: problemResponse("No such range"),
      429: problemResponse("20 streams of yours are open, and none ended within seconds"),
      503: problemResponse("The store does not answer, or so many streams are open that all have alike"),
    },
  },
);

const remove = securedRoute(
  { permission: "file.delete" },
  {
    operationId: "files.delete",
    method: "delete",
    path: "/files/{fileId}",
    tags,
    summary: "Delete a file and its bytes",
    request: { params },
    responses: {
      204: { description: "Deleted" },
      404: problemResponse("No such file of yours"),
      412: staleVersion,
    },
  },
);

const readPath = /^\/api(?:\/v1)?\/files\/([^/]+)(?:\/stream)?$/;

/** The file that a request is going to read: found together with the caller, it costs no second trip to the database. */
export function fileReadBy({ method, path }: { method: string; path: string }): string | undefined {
  if (method !== "GET" && method !== "HEAD") return undefined;
  const id = readPath.exec(path)?.[1];
  return id !== undefined && isId(id) ? id : undefined;
}

/** `/files`: presign → PUT to the store → register → read. */
export const fileRoutes = (files: FilesService) =>
  createRouter()
    .openapi(presign, async (c) => c.json(await files.presign(c.get("caller"), c.req.valid("json")), 201))
    .openapi(register, async (c) => {
      const registered = await files.register(c.get("caller"), c.req.valid("json"));
      c.header("Location", `/api/v1/files/${registered.id}`);
      return c.json(withEtag(c, registered), 201);
    })
    .openapi(get, async (c) => {
      // Never 304: the URL in the body is good for minutes, whatever the version.
      const found = await files.get(c.get("caller"), c.req.valid("param").fileId);
      return c.json(withEtag(c, found), 200);
    })
    .openapi(stream, async (c) => {
      const { size } = c.req.valid("query");
      const found = await files.stream(c.get("caller"), c.req.valid("param").fileId, size);
      return (await sendStream(c, found)) as never;
    })
    .openapi(remove, async (c) => {
      await files.delete(c.get("caller"), c.req.valid("param").fileId, ifMatchVersion(c));
      return c.body(null, 204);
    });
