import { describe } from "vitest";
import { createDiskWorld } from "../files/world.ts";
import { describePictures } from "./contract.ts";

const world = await createDiskWorld();

describe("pictures on disk", () => describePictures(world));
