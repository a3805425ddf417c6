import { describe } from "vitest";
import { createS3World } from "../files/world.ts";
import { describePictures } from "./contract.ts";

const world = await createS3World();

if (world) describe("pictures on S3", () => describePictures(world));
