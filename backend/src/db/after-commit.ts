const key = Symbol("after commit");

type Works = (() => void)[];

interface Nesting {
  transaction<T>(work: (tx: never) => Promise<T>, ...more: unknown[]): Promise<T>;
}

/** Gives a transaction a list of what is to happen once it has committed. */
export function collectAfterCommit<T extends object>(tx: T): { tx: T; run: () => void } {
  const works: Works = [];
  return {
    tx: collectInto(works, tx),
    run: () => {
      for (const work of works) work();
    },
  };
}

/** Savepoints included: what is rolled back to one of them is taken from the list again. */
function collectInto<T extends object>(works: Works, tx: T): T {
  const nesting = (tx as unknown as Nesting).transaction.bind(tx);
  const transaction: Nesting["transaction"] = async (work, ...more) => {
    const inner: Works = [];
    const result = await nesting((nested) => work(collectInto(inner, nested)), ...more);
    works.push(...inner);
    return result;
  };
  return Object.assign(tx, { [key]: works, transaction });
}

/** Does `work` when the transaction has committed, and never when it is rolled back. */
export function afterCommit(tx: object, work: () => void): void {
  const works = (tx as { [key]?: Works })[key];
  if (!works) throw new Error("This transaction was not begun by our database client");
  works.push(work);
}
