import { isFresh } from "../../auth/access.ts";
import { passwordWeakness } from "../../auth/password-rules.ts";
import { AppError } from "../../errors.ts";
import type { BetterAuthClient } from "./sign-in.better-auth.ts";
import type { AuthCall } from "./sign-in.schema.ts";

/** What a call must pass before Better-auth sees it. */
export interface Gate {
  /**
   * @returns the address that an invitation proves, where one was sent along.
   * @throws AppError `forbidden`, `step_up_required`, `validation_failed`; `not_found` and `email_mismatch` for an
   *   invitation that is dead or names somebody else
   */
  pass(call: AuthCall): Promise<string | undefined>;
}

interface Deps {
  readonly betterAuth: Pick<BetterAuthClient, "resetting">;
  readonly signupMode: "open" | "invite_only";
  /** Whether an invitation was sent to this address; rejects with `not_found` or `email_mismatch`. */
  readonly invitationProves: (token: string, email: string) => Promise<void>;
}

export function createGate({ betterAuth, signupMode, invitationProves }: Deps): Gate {
  async function passSignUp({
    invitationToken,
    email,
  }: Record<string, unknown>): Promise<string | undefined> {
    if (typeof invitationToken === "string" && typeof email === "string") {
      await invitationProves(invitationToken, email);
      return email;
    }
    if (signupMode === "invite_only") throw new AppError("forbidden", "Accounts are made by invitation only");
    return undefined;
  }

  async function assertStrongPassword({ endpoint, actor, input }: AuthCall): Promise<void> {
    const field = "newPassword" in input ? "newPassword" : "password";
    if (endpoint.path !== "/sign-up/email" && field !== "newPassword") return;
    const person =
      actor ??
      (endpoint.path === "/reset-password" ? await betterAuth.resetting(String(input.token)) : input);
    const weakness = passwordWeakness(String(input[field]), person);
    if (weakness)
      throw new AppError("validation_failed", "The request data is invalid", {
        fields: [{ field, message: weakness }],
      });
  }

  return {
    async pass(call) {
      const proven = call.endpoint.family === "sign-up" ? await passSignUp(call.input) : undefined;
      await assertStrongPassword(call);
      if (call.endpoint.path === "/change-email" && call.actor && !isFresh(call.actor))
        throw new AppError("step_up_required", "Show your credential again: POST /api/v1/me/step-up");
      return proven;
    },
  };
}
