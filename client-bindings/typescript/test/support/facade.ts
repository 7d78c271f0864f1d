/** A real facade of its own for each test, before the game database of a test's node. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import type { TestNode } from "./node";
import { eventually, within } from "./waiting";

const NAME = process.platform === "win32" ? "worldloom-facade.exe" : "worldloom-facade";
const PROGRAM = join(fileURLToPath(new URL("../../../../target/debug/", import.meta.url)), NAME);

/** A facade that runs until its test ends. */
export class TestFacade {
  /** Base URL, without a slash at the end. */
  url = "";
  #process: ChildProcess | undefined;

  private constructor(private readonly environment: NodeJS.ProcessEnv) {}

  /**
   * Starts a facade on a free port, with the Service role that the database's owner gives it.
   *
   * @param settings Such as `{ AI__LEASE_S: "5" }`.
   */
  static async start(
    test: TestContext,
    node: TestNode,
    ownerToken: string,
    settings: Record<string, string> = {},
  ): Promise<TestFacade> {
    const folder = join(node.folder, "facade");
    await mkdir(folder);
    const own = {
      NODE__URL: node.uri,
      NODE__SERVICE_TOKEN_FILE: join(folder, "service.token"),
      OBJECTS__ROOT: join(folder, "objects"),
      IDENTITY__KEY_FOLDER: join(folder, "keys"),
      LOG__FORMAT: "json",
      LOG__FILTER: "error,worldloom_facade::serve=info",
      ...settings,
    };
    await writeFile(own.NODE__SERVICE_TOKEN_FILE, await serviceToken(node, ownerToken));
    const variables = Object.entries(own).map(([key, value]) => [`WORLDLOOM_${key}`, value]);
    const facade = new TestFacade({ ...process.env, ...Object.fromEntries(variables) });
    test.after(() => facade.kill());
    await facade.#launch("127.0.0.1:0");
    return facade;
  }

  /** Ends the process without warning, as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await within("the facade to end", ended);
    }
  }

  /** Starts the facade again on its objects and port. */
  async restart(): Promise<void> {
    await this.#launch(new URL(this.url).host);
  }

  async #launch(address: string): Promise<void> {
    const env = { ...this.environment, WORLDLOOM_HTTP__LISTEN: address };
    const child = spawn(PROGRAM, { env, stdio: ["ignore", "ignore", "pipe"] });
    this.#process = child;
    this.url = `http://${await within("the facade to listen", announcedAddress(child))}`;
    await eventually("the facade to be ready", async () => (await fetch(`${this.url}/health/ready`)).ok);
  }
}

/** The token of a new identity that the database's owner has given the role. */
async function serviceToken(node: TestNode, ownerToken: string): Promise<string> {
  const account = await fetch(`${node.uri}/v1/identity`, { method: "POST" });
  const { identity, token } = (await account.json()) as { identity: string; token: string };
  const answer = await fetch(`${node.uri}/v1/database/worldloom/call/grant_role`, {
    method: "POST",
    headers: { authorization: `Bearer ${ownerToken}`, "content-type": "application/json" },
    body: JSON.stringify([[`0x${identity}`], { service: {} }]),
  });
  if (!answer.ok) {
    throw new Error(`The role was not given: ${answer.status} ${await answer.text()}`);
  }
  return token;
}

/** The address in the facade's log. Goes on reading, so that the facade never blocks. */
function announcedAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("error", () => reject(new Error(`${PROGRAM} does not run; run \`cargo xtask build\`.`)));
    child.once("exit", (code, signal) => reject(new Error(`The facade ended (${code ?? signal}) before it listened.`)));
    createInterface(child.stderr!).on("line", (line) => {
      const address = line.startsWith("{") ? JSON.parse(line).fields?.address : undefined;
      if (address !== undefined) {
        resolve(address);
      } else {
        console.error(line);
      }
    });
  });
}
