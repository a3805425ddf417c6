import type { Measurement, Sample } from "./measurement.ts";

export interface Result {
  readonly measurement: Measurement;
  /** One a round, in order. */
  readonly samples: readonly Sample[];
}

const warmUpSeconds = 1;

/** Every measurement once a round, so that a machine that slows down meanwhile slows down all of them. */
export async function runRounds(
  measurements: readonly Measurement[],
  options: { rounds: number; seconds: number; report: (progress: string) => void },
): Promise<readonly Result[]> {
  const samples = new Map<Measurement, Sample[]>(measurements.map((one) => [one, []]));
  for (const one of measurements) {
    options.report(`warming up: ${one.name}`);
    await one.run(warmUpSeconds);
  }
  for (let round = 1; round <= options.rounds; round++)
    for (const one of measurements) {
      options.report(`round ${round} of ${options.rounds}: ${one.name}`);
      samples.get(one)?.push(await one.run(options.seconds));
    }
  return measurements.map((measurement) => ({ measurement, samples: samples.get(measurement) ?? [] }));
}
