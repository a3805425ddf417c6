import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { createImages } from "../../src/adapters/images/sharp.ts";
import { gifWithHtml, jpeg, picture, png, svg } from "../files/samples.ts";
import { chunk, edges, floodingPng, formats, fromCamera, gifXmp, movingGif, plain, told } from "./samples.ts";

const images = createImages();
const want = { sizes: [64, 256, 1024], clean: true };
async function render(bytes: Buffer, type: string) {
  const result = await images.render(async () => bytes, type, want);
  if (!result) throw new Error("the bytes were there");
  return result;
}

async function rendered(bytes: Buffer, type: string) {
  const result = await render(bytes, type);
  if (!result.ok) throw new Error(result.reason);
  return result;
}

const reasonFor = async (bytes: Buffer, type: string) => {
  const result = await render(bytes, type);
  return result.ok ? null : result.reason;
};

/** The same, saying of itself that it measures something else. */
function sizedAvif(bytes: Buffer, width: number, height: number): Buffer {
  const at = bytes.indexOf("ispe") + 8;
  bytes.writeUInt32BE(width, at);
  bytes.writeUInt32BE(height, at + 4);
  return bytes;
}

async function measure(webp: readonly Buffer[]) {
  const all = await Promise.all(webp.map((bytes) => sharp(bytes).metadata()));
  return all.map(({ format, width, height }) => [format, width, height]);
}

describe("a picture", () => {
  it.each(formats)("in %s becomes three WebP of its shape", async (format) => {
    const { webp, clean } = await rendered(await plain(format, 1500, 750), `image/${format}`);
    expect(await measure(webp)).toEqual([
      ["webp", 64, 32],
      ["webp", 256, 128],
      ["webp", 1024, 512],
    ]);
    expect(clean).toBeNull();
    expect(await edges(webp[2] as Buffer)).toMatchObject({ left: "red", right: "blue" });
  });

  it("is never enlarged", async () => {
    expect(await measure((await rendered(await plain("png", 100, 40), "image/png")).webp)).toEqual([
      ["webp", 64, 26],
      ["webp", 100, 40],
      ["webp", 100, 40],
    ]);
    expect(await measure((await rendered(png, "image/png")).webp)).toEqual(Array(3).fill(["webp", 1, 1]));
  });

  it("stays as transparent as it was", async () => {
    const background = { r: 200, g: 100, b: 50, alpha: 0.5 };
    const bytes = await sharp({ create: { width: 1200, height: 1200, channels: 4, background } })
      .png()
      .toBuffer();
    for (const webp of (await rendered(bytes, "image/png")).webp) {
      const [red = 0, green = 0, blue = 0, alpha = 0] = await sharp(webp).raw().toBuffer();
      expect(Math.abs(red - 200) + Math.abs(green - 100) + Math.abs(blue - 50)).toBeLessThan(12);
      expect(Math.abs(alpha - 128)).toBeLessThan(3);
    }
  });

  it.each(["png", "jpeg", "webp"] as const)(
    "from a camera, in %s, stands upright and says nothing of where it was taken",
    async (format) => {
      const bytes = await fromCamera(format);
      expect((await told(bytes)).length).toBeGreaterThan(0);
      const { webp, clean } = await rendered(bytes, `image/${format}`);
      if (!clean) throw new Error("kept as it came");
      expect(await measure([clean])).toEqual([[format, 200, 300]]);
      for (const made of [clean, ...webp]) {
        expect(await told(made)).toEqual([]);
        expect(made.includes("Greenwich")).toBe(false);
        expect(await edges(made)).toMatchObject({ top: "red", bottom: "blue" });
      }
    },
  );

  it("in AVIF loses what it tells, too", async () => {
    const { clean } = await rendered(await fromCamera("avif"), "image/avif");
    expect(await told(clean as Buffer)).toEqual([]);
    expect((await sharp(clean as Buffer).metadata()).compression).toBe("av1");
  });

  it("tells nothing in places where decoders do not look: XMP in a GIF, a second picture behind the first", async () => {
    const gif = await rendered(movingGif(3, 8, gifXmp), "image/gif");
    expect(gif.clean?.includes("xmpmeta")).toBe(false);
    expect((await sharp(gif.clean as Buffer).metadata()).pages).toBe(3);
    const twin = Buffer.concat([await plain("jpeg"), await fromCamera("jpeg")]);
    expect((await rendered(twin, "image/jpeg")).clean?.includes("Exif")).toBe(false);
  });

  it("tells nothing behind its pixels, or beside them", async () => {
    const exif = (await sharp(await fromCamera("jpeg")).metadata()).exif?.subarray(6) ?? Buffer.alloc(0);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(exif.length);
    const [png, jpeg, webp] = await Promise.all([plain("png"), plain("jpeg"), plain("webp")]);
    const atEnd = (type: string, data: Buffer) =>
      Buffer.concat([png.subarray(0, -12), chunk(type, data), png.subarray(-12)]);
    const xmp = deflateSync("<x:xmpmeta><place>Greenwich</place></x:xmpmeta>");
    const comment = Buffer.from("\xff\xfe\x00\x0bGreenwich", "latin1");
    for (const [bytes, type] of [
      [atEnd("eXIf", exif), "image/png"],
      [atEnd("tEXt", Buffer.from("Comment\0Greenwich")), "image/png"],
      [atEnd("iTXt", Buffer.concat([Buffer.from("XML:com.adobe.xmp\0\x01\0\0\0"), xmp])), "image/png"],
      [Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]), "image/jpeg"],
      [Buffer.concat([webp, Buffer.from("EXIF"), size, exif]), "image/webp"],
    ] as const) {
      const { clean } = await rendered(bytes, type);
      expect(clean, type).not.toBeNull();
      for (const secret of [exif, xmp, "Greenwich"]) expect(clean?.includes(secret), type).toBe(false);
    }
  });

  it("that moves keeps moving when its metadata goes, and its sizes show the first frame", async () => {
    const moving = await sharp(movingGif(4, 20), { animated: true })
      .withExif({ IFD0: { Copyright: "someone" } })
      .webp()
      .toBuffer();
    const { webp, clean } = await rendered(moving, "image/webp");
    expect((await sharp(clean as Buffer).metadata()).pages).toBe(4);
    expect(await told(clean as Buffer)).toEqual([]);
    expect((await sharp(webp[1] as Buffer).metadata()).pages).toBeUndefined();
  });

  it("may have something behind its end, which no size of it has", async () => {
    for (const [bytes, type] of [
      [Buffer.concat([await plain("png"), Buffer.from("<script>alert(1)</script>")]), "image/png"],
      [Buffer.concat([await plain("png"), Buffer.from("PK\x03\x04<script>", "latin1")]), "image/png"],
      [gifWithHtml, "image/gif"],
      [picture(), "image/png"],
    ] as const)
      for (const webp of (await rendered(bytes, type)).webp) expect(webp.includes("<script>")).toBe(false);
  });
});

describe("what is no picture", () => {
  it("is one with more pixels than anybody needs, said before they are decoded", async () => {
    const bytes = floodingPng(30_000);
    expect(bytes.length).toBeLessThan(10_000);
    expect(await reasonFor(bytes, "image/png")).toBe("The picture has more than 25 million pixels");
    expect(await reasonFor(floodingPng(5001), "image/png")).toMatch(/pixels/);
    const wide = sizedAvif(await plain("avif"), 16_000, 1001);
    expect(await reasonFor(wide, "image/avif")).toBe("The picture has more than 16 million pixels");
  });

  it("is one with too many frames, or too many pixels in all of them", async () => {
    expect(await reasonFor(movingGif(5000), "image/gif")).toBe("The picture has more than 1000 frames");
    expect(await reasonFor(movingGif(400, 1000), "image/gif")).toMatch(/pixels/);
    expect(await reasonFor(movingGif(1000), "image/gif")).toBeNull();
  });

  it("is an AVIF that decodes to more pixels than it says", async () => {
    const bytes = sizedAvif(await plain("avif", 2000, 2000), 64, 64);
    expect(await reasonFor(bytes, "image/avif")).toMatch(/no image\/avif that can be shown/);
  });

  it.each(["png", "jpeg", "webp", "avif"] as const)("is a part of one, in %s", async (format) => {
    const noise = { type: "gaussian", mean: 128, sigma: 40 } as const;
    const whole = await sharp({ create: { width: 300, height: 300, channels: 3, background: "red", noise } })
      .toFormat(format)
      .toBuffer();
    for (const share of [0.1, 0.5, 0.9])
      expect(
        await reasonFor(whole.subarray(0, whole.length * share), `image/${format}`),
        String(share),
      ).toMatch(/no image|are not/);
  });

  it.each([
    ["an SVG", svg, "image/svg+xml"],
    ["an SVG under another name", svg, "image/png"],
    ["a PNG that is called JPEG", png, "image/jpeg"],
    ["a TIFF", Buffer.from("II*\0\x08\0\0\0\0\0", "latin1"), "image/tiff"],
    ["only the frame of a JPEG", jpeg, "image/jpeg"],
    ["nothing", Buffer.alloc(0), "image/png"],
  ])("is %s", async (_, bytes, type) => {
    expect(await reasonFor(bytes, type)).toMatch(/no image|are not/);
  });

  it("is a format that sharp could read and we do not take", async () => {
    const tiff = await sharp({ create: { width: 9, height: 9, channels: 3, background: "red" } })
      .tiff()
      .toBuffer();
    for (const type of ["image/tiff", "image/png"])
      expect(await reasonFor(tiff, type)).toMatch(/no image|are not/);
  });
});

describe("many pictures at a time", () => {
  it("are read one after the other, so that those who wait take up no memory", async () => {
    const bytes = await plain("png", 400, 400);
    let asked = 0;
    const read = async () => {
      asked++;
      return bytes;
    };
    const all = Array.from({ length: 20 }, () => images.render(read, "image/png", want));
    await all[0];
    expect(asked).toBeLessThan(4);
    await Promise.all(all);
    expect(asked).toBe(20);
  });

  it("are drawn one after the other; the crowd behind them is told to come back", async () => {
    const bytes = await plain("png", 400, 400);
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => render(bytes, "image/png")));
    const refused = results.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(50 - 33);
    for (const { reason } of refused as PromiseRejectedResult[])
      expect(reason).toMatchObject({ code: "unavailable", retryAfter: 5 });
    expect((await render(bytes, "image/png")).ok).toBe(true);
  });
});
