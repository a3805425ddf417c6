import { describe } from "vitest";
import { describeFiles } from "./contract.ts";
import { createDiskWorld } from "./world.ts";

const world = await createDiskWorld();

describe("files on disk", () => describeFiles(world));
