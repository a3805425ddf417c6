import type { Budget, LimiterPort } from "../../adapters/limiter/port.ts";
import { AppError } from "../../errors.ts";
import { AuthRefusal } from "./sign-in.better-auth.ts";

/** Attempts of one neighbourhood in a window beyond the cap: enough for a person, nothing for a list of passwords. */
const maxOfStrangers = 5;

interface Guess {
  /** What nobody with a few addresses can leave at will. */
  readonly neighbourhood: string;
  /** Whether the account was signed in to from this very place before. */
  comesFromKnownPlace(): Promise<boolean>;
}

/** Slows down guessing at many accounts from many addresses, each of which stays below its own limits. */
export interface GuessCap {
  /**
   * Runs an attempt to sign in; a refusal of Better-auth counts as a failure.
   *
   * @throws AppError `rate_limited` instead of running it
   */
  guard<T>(guess: Guess, attempt: () => Promise<T>): Promise<T>;
}

interface Deps {
  readonly limiter: LimiterPort;
  /** Failures of the whole installation. */
  readonly budget: Budget;
  /** Told once a window, by the failure that uses the budget up. */
  readonly onUsedUp: () => void;
}

/**
 * Beyond the cap only places that an account knows sign in to it as ever, so that nobody can shut everybody out by
 * failing on purpose. All others get a few attempts a neighbourhood, right or wrong: a success gives none back, or
 * guessers would buy guesses with an account of their own.
 */
export function createGuessCap({ limiter, budget, onUsedUp }: Deps): GuessCap {
  const failures = "guesses:failures";
  const ofStrangers = { max: maxOfStrangers, window: budget.window };

  async function admit({ neighbourhood, comesFromKnownPlace }: Guess): Promise<void> {
    if ((await limiter.peek(failures)).count < budget.max) return;
    if (await comesFromKnownPlace()) return;
    const { allowed, resetIn } = await limiter.consume(`guesses:from:${neighbourhood}`, ofStrangers);
    if (allowed) return;
    throw new AppError("rate_limited", `Too many failed sign-ins: try again in ${resetIn} seconds`, {
      retryAfter: resetIn,
      budget: ofStrangers,
    });
  }

  return {
    async guard(guess, attempt) {
      await admit(guess);
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof AuthRefusal) {
          const { allowed, remaining } = await limiter.consume(failures, budget);
          if (allowed && remaining === 0) onUsedUp();
        }
        throw error;
      }
    },
  };
}
