import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { stream } from "../files/client.ts";
import { startTestApp } from "../harness/app.ts";
import { createPerson, uploadFile } from "../harness/client.ts";
import { fromCamera } from "./samples.ts";

const app = await startTestApp({ env: { IMAGE_ORIGINALS: "drop" } });

describe("a picture where originals are dropped", () => {
  it("is its largest size from then on, and says so", async () => {
    const { token } = await createPerson(app);
    const body = { target: "avatar", fileName: "me.jpg", contentType: "image/jpeg" };
    const file = await uploadFile(app, token, await fromCamera("jpeg", 1500, 900), body);
    expect(file).toMatchObject({
      contentType: "image/webp",
      declaredType: "image/jpeg",
      fileName: "me.webp",
      status: "ready",
    });
    const { bytes, headers } = await stream(app, token, file.id);
    expect(headers.get("content-type")).toBe("image/webp");
    expect(headers.get("content-disposition")).toContain('filename="me.webp"');
    const digest = Buffer.from(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes)));
    expect([file.size, file.sha256]).toEqual([bytes.length, digest.toString("hex")]);
    const { format, width, height, exif } = await sharp(bytes).metadata();
    expect([format, width, height, exif]).toEqual(["webp", 614, 1024, undefined]);
  });
});
