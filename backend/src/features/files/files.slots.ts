import { AppError } from "../../errors.ts";

/** Streams that a person may have open at a time; a player opens two to six, a page of pictures takes turns. */
const perPerson = 20;
/** Those of a person that may wait for a turn, and how long: a page full of small pictures is through by then. */
const waitingMax = 100;
const waitMs = 3000;

interface Person {
  open: number;
  readonly waiting: Set<() => void>;
}

/** How many streams each person has, in this process. */
export function createSlots() {
  const people = new Map<string, Person>();

  function personOf(userId: string): Person {
    const known = people.get(userId) ?? { open: 0, waiting: new Set() };
    people.set(userId, known);
    return known;
  }

  /** Waits until one of the person's own streams has ended, and takes its place. */
  function turn({ waiting }: Person): Promise<void> {
    if (waiting.size >= waitingMax) throw tooManyStreams();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      waiting.delete(go);
      reject(tooManyStreams());
    }, waitMs);
    const go = () => {
      clearTimeout(timer);
      resolve();
    };
    waiting.add(go);
    return promise;
  }

  function release(userId: string, person: Person): void {
    const [next] = person.waiting;
    if (next) {
      person.waiting.delete(next);
      next();
      return;
    }
    person.open -= 1;
    if (person.open === 0) people.delete(userId);
  }

  return {
    /** People who have streams. */
    people: (): number => people.size,

    /**
     * @returns what gives the slot back, once; to be called when the stream is closed
     * @throws AppError `rate_limited`
     */
    async take(userId: string): Promise<() => void> {
      const person = personOf(userId);
      if (person.open >= perPerson) await turn(person);
      else person.open += 1;
      let taken = true;
      return () => {
        if (taken) release(userId, person);
        taken = false;
      };
    },
  };
}

const tooManyStreams = (): AppError =>
  new AppError("rate_limited", `${perPerson} streams of yours are open: end one of them`, {
    retryAfter: waitMs / 1000,
    budget: { max: perPerson, window: waitMs / 1000 },
  });
