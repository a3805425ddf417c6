const key = Symbol("after commit");

type Works = (() => void)[];

/** Gives a transaction a list of what is to happen once it has committed. */
export function collectAfterCommit<T extends object>(tx: T): { tx: T; run: () => void } {
  const works: Works = [];
  return {
    tx: Object.assign(tx, { [key]: works }),
    run: () => {
      for (const work of works) work();
    },
  };
}

/** Does `work` when the transaction has committed, and never when it is rolled back. */
export function afterCommit(tx: object, work: () => void): void {
  const works = (tx as { [key]?: Works })[key];
  if (!works) throw new Error("This transaction was not begun by our database client");
  works.push(work);
}
