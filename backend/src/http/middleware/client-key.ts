import { hash } from "node:crypto";
import { AppError } from "../../errors.ts";
import { type LiveConfig, renewed } from "../../live.ts";
import type { Step } from "../corridor.ts";

/** Names the app build that calls. It tells builds apart and retires old ones; it never authorises anything. */
export function clientKey(live: LiveConfig): Step {
  const { clientKeyRequired: required } = live.current;
  // Looked up by digest: how long that takes says nothing about the key.
  const byDigest = renewed(
    live,
    ({ clientKeys }) => clientKeys,
    (keys) => new Map(keys.map((k) => [digest(k.key), k])),
  );
  return (c) => {
    const sent = c.req.header("x-client-key");
    const known = sent === undefined ? undefined : byDigest().get(digest(sent));
    if (known?.retired)
      throw new AppError("client_outdated", "This version of the app is retired: please update it");
    if (known) c.set("origin", { ...c.get("origin"), client: known.name });
    else if (required) throw new AppError("client_key_required", "Send the app's key as X-Client-Key");
    return undefined;
  };
}

const digest = (key: string): string => hash("sha256", key, "base64");
