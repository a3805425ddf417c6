import { createDiskWorld } from "../files/world.ts";
import { describeDrill } from "./contract.ts";
import { emptyStore } from "./places.ts";

await describeDrill(await createDiskWorld(), async () => emptyStore());
