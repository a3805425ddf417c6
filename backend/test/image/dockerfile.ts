export interface Instruction {
  readonly name: string;
  readonly rest: string;
}

export interface Stage {
  readonly base: string;
  readonly alias: string | undefined;
  readonly instructions: readonly Instruction[];
}

const ESCAPED_LINE_END = /\\\n\s*/g;

/** The stages of a Dockerfile of the plain kind that ours is: no heredocs, no escape directive. */
export function stagesOf(text: string): Stage[] {
  const lines = text.replaceAll(ESCAPED_LINE_END, "").split("\n");
  const instructions = lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [name = "", ...rest] = line.split(" ");
      return { name, rest: rest.join(" ") };
    });
  const args = new Map<string, string>();
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const instruction of instructions) {
    if (instruction.name === "FROM") {
      const [image = "", , alias] = instruction.rest.split(" ");
      const base = image.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => args.get(name) ?? "");
      stages.push({ base, alias, instructions: [] });
    } else if (stages.length === 0) {
      const [name = "", value = ""] = instruction.rest.split("=");
      args.set(name, value);
    } else {
      stages.at(-1)?.instructions.push(instruction);
    }
  }
  return stages;
}

/** What follows an instruction the last time it stands in a stage; throws when it does not. */
export function last(stage: Stage, name: string): string {
  const found = stage.instructions.findLast((instruction) => instruction.name === name);
  if (!found) throw new Error(`The Dockerfile has no ${name}`);
  return found.rest;
}

/** The words of an instruction in exec form. */
export const words = (json: string): string[] => JSON.parse(json) as string[];

export const pairs = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)].map(([, name, quoted, plain]) => [
      name,
      quoted ?? plain ?? "",
    ]),
  );
