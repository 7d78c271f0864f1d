// A peer of `cargo xtask bench peers`: Express and tRPC before PostgreSQL, in as many processes as is best.
//
// Statements are prepared, each process has a pool of connections, and a transfer or a session start is one call of a
// stored procedure.

import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { initTRPC, TRPCError } from "@trpc/server";
import { createExpressMiddleware } from "@trpc/server/adapters/express";
import express from "express";
import { createVerifier } from "fast-jwt";
import pg from "pg";
import { z } from "zod";

const { values: options } = parseArgs({
  options: {
    // Folder of PostgreSQL's socket, or its address.
    host: { type: "string" },
    database: { type: "string" },
    user: { type: "string" },
    workers: { type: "string" },
    // Connections to PostgreSQL, of all processes together.
    connections: { type: "string" },
    // Whether a commit waits for the disk: `on` or `off`.
    "synchronous-commit": { type: "string" },
    // File with the secret of players' tokens, for session starts.
    "key-file": { type: "string" },
  },
});

const workers = Number(options.workers);

/** Starts the workers, and says where they listen once all of them do. */
function lead() {
  let ready = 0;
  cluster.on("listening", (_, { address, port }) => {
    ready += 1;
    if (ready === workers) console.log(`listening on ${address}:${port}`);
  });
  // Whoever measures must not go on with fewer.
  cluster.on("exit", () => process.exit(1));
  process.on("SIGTERM", () => process.exit(0));
  for (let worker = 0; worker < workers; worker += 1) cluster.fork();
}

async function serve() {
  const pool = new pg.Pool({
    host: options.host,
    database: options.database,
    user: options.user,
    options: `-c synchronous_commit=${options["synchronous-commit"]}`,
    max: Math.max(1, Math.round(Number(options.connections) / workers)),
    idleTimeoutMillis: 0,
  });
  const app = express();
  app.disable("x-powered-by").disable("etag");
  const verify = options["key-file"] && createVerifier({ key: readFileSync(options["key-file"]), algorithms: ["HS256"] });
  const createContext = ({ req }) => ({ player: verify && playerIn(req.headers.authorization, verify) });
  app.use("/trpc", createExpressMiddleware({ router: routes(pool), createContext }));
  // All workers share the port that the first one gets.
  app.listen(0, "127.0.0.1");
}

/** The player whom a token names; nobody if it is not valid. */
function playerIn(authorization, verify) {
  try {
    return Number(verify(authorization?.replace(/^Bearer /, "") ?? "").sub);
  } catch {
    return undefined;
  }
}

const account = z.number().int().min(0);

/** What clients may call. */
function routes(pool) {
  const { procedure, router } = initTRPC.context().create();
  return router({
    transfer: procedure
      .input(z.object({ from: account, to: account, amount: z.number().int().positive() }))
      .mutation(async ({ input: { from, to, amount } }) => {
        const { rows } = await pool.query({
          name: "transfer",
          text: "SELECT transfer($1, $2, $3) AS outcome",
          values: [from, to, amount],
        });
        refuseUnlessDone(rows[0].outcome);
        return { outcome: "done" };
      }),
    session: procedure.query(async ({ ctx: { player } }) => {
      if (player === undefined) throw new TRPCError({ code: "UNAUTHORIZED" });
      const { rows } = await pool.query({
        name: "session",
        text: "SELECT session_start($1) AS started",
        values: [player],
      });
      if (rows[0].started === null) throw new TRPCError({ code: "NOT_FOUND", message: "no_such_player" });
      return rows[0].started;
    }),
  });
}

function refuseUnlessDone(outcome) {
  if (outcome === 0) return;
  if (outcome === 1) throw new TRPCError({ code: "BAD_REQUEST", message: "same_account" });
  if (outcome === 2) throw new TRPCError({ code: "NOT_FOUND", message: "no_such_account" });
  throw new TRPCError({ code: "CONFLICT", message: "insufficient" });
}

if (cluster.isPrimary) {
  lead();
} else {
  await serve();
}
