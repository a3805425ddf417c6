import type { Config } from "../../config/config.ts";
import { createClamd } from "./clamd.ts";
import type { Scanning } from "./port.ts";

/** The malware scanner that the configuration names. Connects when it is used. */
export const createScanning = ({ scan }: Pick<Config, "scan">): Scanning =>
  scan.mode === "off" ? scan : { mode: scan.mode, scanner: createClamd(scan) };

/** Never worse than degraded: uploads wait for the scanner, and nothing else does. */
export async function scannerState(scanning: Scanning): Promise<"off" | "ok" | "degraded"> {
  if (scanning.mode === "off") return "off";
  return scanning.scanner.check().then(
    () => "ok",
    () => "degraded",
  );
}
