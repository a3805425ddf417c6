import { describe } from "vitest";
import { describeFiles } from "./contract.ts";
import { createS3World } from "./world.ts";

const world = await createS3World();

if (world) describe("files on S3", () => describeFiles(world));
