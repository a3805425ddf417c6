import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { beforeAll, describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { licensedPackages } from "../../scripts/licences.ts";
import { sbom } from "../../scripts/sbom.ts";

interface Component {
  readonly purl: string;
  readonly licenses?: readonly object[];
  readonly externalReferences: readonly { readonly type: string; readonly hashes?: readonly object[] }[];
}

describe("v5.0.0-15.1.2 the bill of materials", () => {
  let text: string;
  let components: readonly Component[];
  beforeAll(() => {
    text = sbom();
    ({ components } = JSON.parse(text));
  });

  it("is valid by CycloneDX's own schema", async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(text)).toBeNull();
    expect(await validator.validate(text.replace('"library"', '"librarian"'))).not.toBeNull();
  });

  it("names this product in its version", () => {
    expect(JSON.parse(text).metadata.component).toMatchObject({
      type: "application",
      purl: `pkg:npm/%40coaching-app/backend@${manifest.version}`,
    });
  });

  it("has exactly the packages that production runs, each with a licence and the hash of what was fetched", () => {
    const installed = licensedPackages("production").map(
      ({ name, version }) => `pkg:npm/${name.replace("@", "%40")}@${version}`,
    );
    expect(components.map(({ purl }) => purl).toSorted()).toEqual([...new Set(installed)].toSorted());
    const bare = components.filter(
      ({ licenses, externalReferences }) =>
        !licenses ||
        !externalReferences.some(({ type, hashes }) => type === "distribution" && hashes?.length),
    );
    expect(bare).toEqual([]);
  });

  it("tells nothing of the machine it was made on", () => {
    expect(text).not.toContain(process.cwd());
    expect(text).not.toContain("node_modules");
  });
});
