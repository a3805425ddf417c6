import { z } from "@hono/zod-openapi";
import { withEtag } from "../../http/etag.ts";
import { idParam } from "../../http/ids.ts";
import { createdResponse, jsonBody, jsonResponse, problemResponse } from "../../http/openapi.ts";
import { createRouter } from "../../http/router.ts";
import { securedRoute } from "../../http/secured-route.ts";
import {
  multipartSchema,
  multipartStartedSchema,
  partsRequestSchema,
  partsSchema,
} from "./files.multipart.schema.ts";
import { fileSchema, presignSchema } from "./files.schema.ts";
import type { FilesService } from "./files.service.ts";

const tags = ["Files"];
const params = z.object({ uploadId: idParam("uploadId", "Upload") });
const noUpload = problemResponse("No such upload of yours; completed, aborted or expired");
const storeDown = problemResponse("The store does not answer");

const start = securedRoute(
  { permission: "file.upload" },
  {
    operationId: "files.multipart.start",
    method: "post",
    path: "/files/multipart",
    tags,
    summary: "Begin an upload in parts",
    description:
      "For large files and weak networks. Ask for the URLs of parts, PUT each part in any order, then complete. Takes what " +
      "presign takes and refuses what it refuses.",
    request: { body: jsonBody(presignSchema) },
    responses: {
      201: createdResponse("The upload, open for 24 hours", multipartStartedSchema),
      400: problemResponse("A field is invalid"),
      404: problemResponse("No such organization of yours"),
      413: problemResponse("Larger than this target allows"),
      415: problemResponse("This target does not take this type"),
      503: storeDown,
    },
  },
);

const get = securedRoute(
  { permission: "file.upload" },
  {
    operationId: "files.multipart.get",
    method: "get",
    path: "/files/multipart/{uploadId}",
    tags,
    summary: "An upload in parts, and which of them are there",
    request: { params },
    responses: { 200: jsonResponse("The open upload", multipartSchema), 404: noUpload, 503: storeDown },
  },
);

const parts = securedRoute(
  { permission: "file.upload" },
  {
    operationId: "files.multipart.parts",
    method: "post",
    path: "/files/multipart/{uploadId}/parts",
    tags,
    summary: "What is uploaded, and URLs for up to 100 parts",
    description: "With `{}` it only tells what is there: that is how to go on after a break.",
    request: { params, body: jsonBody(partsRequestSchema) },
    responses: {
      200: jsonResponse("Parts that are there, and URLs for those asked for", partsSchema),
      400: problemResponse("Not a part of this upload"),
      404: noUpload,
      409: problemResponse("All parts are there and joined: complete the upload"),
      503: storeDown,
    },
  },
);

const complete = securedRoute(
  { permission: "file.upload" },
  {
    operationId: "files.multipart.complete",
    method: "post",
    path: "/files/multipart/{uploadId}/complete",
    tags,
    summary: "Turn the parts into a file, once",
    description: "Whoever lost the answer asks again: it is the same file.",
    request: { params },
    responses: {
      201: createdResponse("The file; `processing` while a large one is still being checked", fileSchema),
      404: noUpload,
      409: problemResponse(
        "Parts are missing: upload them and complete again; or another complete is at work",
      ),
      422: problemResponse("Type or digest are not what was promised; the upload is gone"),
      503: storeDown,
    },
  },
);

const abort = securedRoute(
  { permission: "file.upload" },
  {
    operationId: "files.multipart.abort",
    method: "delete",
    path: "/files/multipart/{uploadId}",
    tags,
    summary: "Give up an upload in parts",
    request: { params },
    responses: { 204: { description: "The parts are gone" }, 404: noUpload, 503: storeDown },
  },
);

/** `/files/multipart`: start → PUT the parts to the store → complete. */
export const multipartRoutes = ({ multipart }: FilesService) =>
  createRouter()
    .openapi(start, async (c) => {
      const started = await multipart.start(c.get("caller"), c.req.valid("json"));
      c.header("Location", `/api/v1/files/multipart/${started.uploadId}`);
      return c.json(started, 201);
    })
    .openapi(get, async (c) =>
      c.json(await multipart.get(c.get("caller"), c.req.valid("param").uploadId), 200),
    )
    .openapi(parts, async (c) => {
      const { uploadId } = c.req.valid("param");
      return c.json(await multipart.parts(c.get("caller"), uploadId, c.req.valid("json")), 200);
    })
    .openapi(complete, async (c) => {
      const registered = await multipart.complete(c.get("caller"), c.req.valid("param").uploadId);
      c.header("Location", `/api/v1/files/${registered.id}`);
      return c.json(withEtag(c, registered), 201);
    })
    .openapi(abort, async (c) => {
      await multipart.abort(c.get("caller"), c.req.valid("param").uploadId);
      return c.body(null, 204);
    });
