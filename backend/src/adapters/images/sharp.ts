import type { Sharp } from "sharp";
import { createGate } from "./gate.ts";
import { type Format, inspect, mostPixels } from "./inspect.ts";
import type { ImagesPort, Rendered, Unreadable, Wanted } from "./port.ts";

/** Loaders for the formats we take. libvips has more, and each is a parser that strangers could feed. */
const loaders = ["Png", "Jpeg", "Webp", "Nsgif", "Heif"].map((name) => `VipsForeignLoad${name}Buffer`);

/** Half a picture is none. The header was judged already: should the pixels be more than it said, they end here. */
const strict = { failOn: "error", limitInputPixels: mostPixels } as const;

/** For one picture that is drawn, header and pixels. What waits for the gate or the disk is not counted. */
const seconds = 10;

/** Sharp (libvips), loaded with the first picture: most processes never see one. */
export function createImages(): ImagesPort {
  const gate = createGate();
  let loaded: ReturnType<typeof load> | undefined;
  return {
    async render(read, contentType, want) {
      loaded ??= load();
      const sharp = await loaded;
      return gate(async () => {
        const bytes = await read();
        return bytes && render(sharp, bytes, contentType, want);
      });
    },
  };
}

async function load() {
  const { default: sharp } = await import("sharp");
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({ operation: loaders });
  // Nothing is drawn twice, and one thread a picture is enough: memory over speed.
  sharp.cache(false);
  sharp.concurrency(1);
  return sharp;
}

type Draw = Awaited<ReturnType<typeof load>>;

async function render(
  sharp: Draw,
  bytes: Buffer,
  contentType: string,
  { sizes, clean }: Wanted,
): Promise<Rendered | Unreadable> {
  try {
    const found = inspect(bytes, contentType, await sharp(bytes, { limitInputPixels: false }).metadata());
    if (typeof found === "string") return { ok: false, reason: found };
    const { format, frames, tells } = found;
    const largest = sizes.at(-1) ?? 1;
    const { data, info } = await within(sharp(bytes, strict).autoOrient(), largest)
      .raw()
      .toBuffer({ resolveWithObject: true });
    // Not `info` as it is: it says "premultiplied" of pixels that no longer are.
    const raw = { width: info.width, height: info.height, channels: info.channels };
    const webp: Buffer[] = [];
    for (const size of sizes) webp.push(await within(sharp(data, { raw }), size).webp().toBuffer());
    if (!clean || !tells) return { ok: true, webp, clean: null };
    // libvips turns one frame only; of moving pictures, browsers do not ask where up is.
    const whole =
      frames > 1 ? sharp(bytes, { ...strict, animated: true }) : sharp(bytes, strict).autoOrient();
    return { ok: true, webp, clean: await encode(whole, format) };
  } catch {
    return { ok: false, reason: `The bytes are no ${contentType} that can be shown` };
  }
}

const within = (picture: Sharp, size: number): Sharp =>
  picture.resize(size, size, { fit: "inside", withoutEnlargement: true }).timeout({ seconds });

function encode(picture: Sharp, format: Format): Promise<Buffer> {
  const limited = picture.timeout({ seconds });
  switch (format) {
    case "png":
      return limited.png().toBuffer();
    case "jpeg":
      return limited.jpeg({ quality: 90 }).toBuffer();
    case "webp":
      return limited.webp({ quality: 90 }).toBuffer();
    case "gif":
      return limited.gif().toBuffer();
    case "avif":
      return limited.avif({ quality: 65, effort: 1 }).toBuffer();
  }
}
