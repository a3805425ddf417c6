/**
 * What this machine can do at best, each in the least code that does it: `node limits.ts <kind>`. Our own server is
 * measured against these, never against a number from another machine.
 */
import { argon2, randomBytes } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { Agent, createServer, get, type RequestListener } from "node:http";
import { pipeline } from "node:stream";
import { promisify } from "node:util";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import pg from "pg";

const { PORT, DATABASE_URL = "", FOLDER = "" } = process.env;
const health = { status: "ok", uptime: 1, version: "0.0.0" };

function node(): RequestListener {
  return (_request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(health));
  };
}

const hono = (): RequestListener =>
  getRequestListener(new Hono().get("/health", (c) => c.json(health)).fetch);

const columns = `id, name, slug, logo_file_id, suspended_at is not null as suspended,
  to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at, version`;
const one = { name: "one", text: `select ${columns} from organization where id = $1` };
const page = {
  name: "page",
  text: `select ${columns} from organization where id < $1 order by id desc limit 21`,
};

/** One organization by id, and a page of 20: prepared, through the driver that we use. */
function select(): RequestListener {
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
  const app = new Hono()
    .get("/health", (c) => c.json(health))
    .get("/organizations/:id", async (c) => {
      const { rows } = await pool.query(one, [c.req.param("id")]);
      return rows[0] ? c.json(rows[0]) : c.notFound();
    })
    .get("/organizations", async (c) => {
      const { rows } = await pool.query(page, [c.req.query("before")]);
      return c.json(rows);
    });
  return getRequestListener(app.fetch);
}

/** Any file of the folder. */
function pipe(): RequestListener {
  return (request, response) => {
    if (request.url === "/health") return response.end();
    const path = `${FOLDER}${request.url}`;
    response.writeHead(200, {
      "Content-Type": "application/octet-stream",
      "Content-Length": statSync(path).size,
    });
    pipeline(createReadStream(path), response, () => {});
  };
}

/** What the URL in the query gives, piped on: what it costs at least that the bytes pass through us. */
function proxy(): RequestListener {
  const agent = new Agent({ keepAlive: true });
  return (request, response) => {
    const from = new URL(request.url ?? "", "http://localhost").searchParams.get("from");
    if (from === null) return response.end();
    get(from, { agent }, (found) => {
      response.writeHead(found.statusCode ?? 500, { "Content-Length": found.headers["content-length"] });
      pipeline(found, response, () => {});
    });
  };
}

/** One password hash a request, in the thread pool. */
function hash(): RequestListener {
  const derive = promisify(argon2);
  return async (request, response) => {
    const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };
    if (request.url !== "/health")
      await derive("argon2id", { message: "correct horse battery", nonce: randomBytes(16), ...cost });
    response.end();
  };
}

const kinds = { node, hono, select, pipe, proxy, hash };
export type LimitKind = keyof typeof kinds;

createServer(kinds[process.argv[2] as LimitKind]()).listen(Number(PORT), "127.0.0.1");
