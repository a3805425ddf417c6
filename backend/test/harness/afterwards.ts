import { afterAll, onTestFinished, TestRunner } from "vitest";

/** Does this after the running test; after the file's last one where none runs. `afterAll` within a test is not heard. */
export function afterwards(work: () => unknown): void {
  const hook = async (): Promise<void> => void (await work());
  if (TestRunner.getCurrentTest()) onTestFinished(hook);
  else afterAll(hook);
}
