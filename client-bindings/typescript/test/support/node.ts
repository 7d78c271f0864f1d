/** A real node of its own for each test. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import { within } from "./waiting";

const TARGET = fileURLToPath(new URL("../../../../target/", import.meta.url));
const PROGRAM = join(TARGET, "debug", process.platform === "win32" ? "spacetime-node.exe" : "spacetime-node");

/** A node that runs until its test ends. */
export class TestNode {
  /** Base URL, without a slash at the end. */
  uri = "";
  #process: ChildProcess | undefined;

  private constructor(readonly folder: string) {}

  /** Starts a node on a free port with a fresh data folder. */
  static async start(test: TestContext): Promise<TestNode> {
    const node = new TestNode(await mkdtemp(join(tmpdir(), "worldloom-client-")));
    test.after(async () => {
      await node.kill();
      await rm(node.folder, { recursive: true, force: true });
    });
    await shareCompiledModules(join(node.folder, "node"));
    await node.#launch("127.0.0.1:0");
    return node;
  }

  /** Ends the process without warning, as a power cut would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Asks the process to stop, as Ctrl-C does, and waits until it has. */
  async stop(): Promise<void> {
    await this.#end("SIGINT");
  }

  /** Starts the node again on its data and port. */
  async restart(): Promise<void> {
    await this.#launch(new URL(this.uri).host);
  }

  /** Publishes a module of this repository as a new owner, and returns the owner's token. */
  async publish(database: string, module: string): Promise<string> {
    const path = join(TARGET, "modules", `${module}.wasm`);
    const wasm = await readFile(path).catch(() => {
      throw new Error(`${path} is not built; run \`cargo xtask build\`.`);
    });
    const account = await fetch(`${this.uri}/v1/identity`, { method: "POST" });
    const { token } = (await account.json()) as { token: string };
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${this.uri}/v1/database/${database}`, { method: "PUT", headers, body: wasm });
    if (!answer.ok) {
      throw new Error(`Publishing ${module} failed with ${answer.status}: ${await answer.text()}`);
    }
    return token;
  }

  async #launch(address: string): Promise<void> {
    const data = join(this.folder, "node");
    const args = ["start", "--listen-addr", address, "--data-dir", data, "--log-level", "warn"];
    const child = spawn(PROGRAM, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#process = child;
    this.uri = `http://${await within("the node to listen", announcedAddress(child))}`;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const ended = once(child, "exit");
    child.kill(signal);
    await within("the node to end", ended);
  }
}

/**
 * Compiling modules would take most of the time of every test, so all nodes, those of the Rust tests too, share one
 * cache of compiled code, which is made for several processes.
 */
async function shareCompiledModules(dataFolder: string): Promise<void> {
  const shared = join(TARGET, "compiled-modules");
  await mkdir(shared, { recursive: true });
  await mkdir(dataFolder, { recursive: true });
  await symlink(shared, join(dataFolder, "cache"), "junction");
}

/** The address that the node says it listens on. Goes on reading, so that the node never blocks. */
function announcedAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("error", () => reject(new Error(`${PROGRAM} does not run; run \`cargo xtask build\`.`)));
    child.once("exit", (code, signal) => reject(new Error(`The node ended (${code ?? signal}) before it listened.`)));
    if (child.stdout === null) {
      throw new Error("The node's output is not piped.");
    }
    createInterface(child.stdout).on("line", (line) => {
      const address = line.split("listening on ")[1];
      if (address !== undefined) {
        resolve(address.trim());
      }
    });
  });
}
