import { describe, expect, it } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { createPerson } from "../harness/client.ts";

const app = await startTestApp({ worker: false });
const { token } = await createPerson(app);

async function send(
  method: string,
  path: string,
  { body, type }: { body?: string; type?: string | undefined },
) {
  const headers = { authorization: `Bearer ${token}`, ...(type && { "content-type": type }) };
  // Bytes, because fetch would name the type of a text by itself.
  const bytes = body === undefined ? {} : { body: Buffer.from(body) };
  const answer = await fetch(`${app.url}/api/v1${path}`, { method, headers, ...bytes });
  const { code } = (await answer.json()) as { code?: string };
  return { status: answer.status, code };
}

describe.each([undefined, "application/json"])("without a body, of type %s", (type) => {
  it("what needs no field is done", async () => {
    expect(await send("PATCH", "/me", { type })).toEqual({ status: 200 });
    expect(await send("POST", "/me/keep-alive", { type })).toEqual({ status: 200 });
  });

  it("what needs fields names them", async () => {
    expect(await send("POST", "/organizations", { type })).toEqual({
      status: 400,
      code: "validation_failed",
    });
  });
});

it("a body without a type is refused", async () => {
  for (const path of ["/organizations", "/me/keep-alive"])
    expect(await send("POST", path, { body: "{}" }), path).toEqual({
      status: 415,
      code: "unsupported_media_type",
    });
});
