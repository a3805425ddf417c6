import { generateSecrets } from "../config/generate-secrets.ts";
import { type Command, readFlags } from "./command.ts";

export const generate: Command = {
  name: "secrets generate",
  usage: "secrets generate",
  summary: "Print a fresh value of every secret, ready for an environment file",
  async run(terminal) {
    readFlags(terminal, {});
    terminal.print(generateSecrets().join("\n"));
    return 0;
  },
};
