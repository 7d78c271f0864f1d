/** The facade's HTTP API with types: logins, files, text by language models. */

import { EventSourceParserStream } from "eventsource-parser/stream";
import createClient, { type Client } from "openapi-fetch";

import type { components, paths } from "./http_bindings/schema";

export type { components, operations, paths } from "./http_bindings/schema";

/** Bodies by their names in the API's description, such as `Schemas["AssetRecord"]`. */
export type Schemas = components["schemas"];

/** Why a request was refused. Branch on `code`; `detail` is for a person. */
export type Problem = Schemas["ProblemDocument"];

/** A client of the facade: `await http.GET("/assets/{asset_id}", { params: { path: { asset_id } } })`. */
export type HttpClient = Client<paths>;

/** Where the facade is, and who calls. */
export interface HttpOptions {
  /** Base URL of the facade, such as `http://127.0.0.1:8080`. */
  url: string;
  /** The access token at present, asked for before each request; without one, the caller is nobody. */
  token?: () => string | undefined | Promise<string | undefined>;
  /** Whether cookies go along, as browsers need for `/auth/refresh`. */
  credentials?: RequestCredentials;
}

/** What one event of a task says, by its name. */
export type TaskEvent =
  | { event: "stage"; data: Schemas["StageEvent"] }
  | { event: "text"; id: string; data: Schemas["TextEvent"] }
  | { event: "end"; data: Schemas["EndEvent"] };

/** A request that the facade refused. */
export class HttpFailure extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "HttpFailure";
    this.problem = problem;
  }
}

/** Makes a client. Nothing is sent yet. */
export function httpClient({ url, token, credentials }: HttpOptions): HttpClient {
  const client = createClient<paths>({ baseUrl: url, ...(credentials && { credentials }) });
  client.use({
    async onRequest({ request }) {
      const current = await token?.();
      if (current !== undefined) {
        request.headers.set("authorization", `Bearer ${current}`);
      }
    },
  });
  return client;
}

/**
 * What a request was answered with when it succeeded.
 *
 * @param answer The request, such as `http.POST("/auth/login", { body })`.
 * @throws {HttpFailure} The facade refused it.
 * @throws Whatever `fetch` throws when there was no answer.
 */
export async function dataOrThrow<Data>(answer: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await answer;
  if (response.ok) {
    // An answer without a body has no data, and its type says so.
    return data as Data;
  }
  throw new HttpFailure(isProblem(error) ? error : unnamedProblem(response));
}

/**
 * Follows a task to its end, over broken connections: each new one goes on after the last text that was seen.
 *
 * @param signal Ends it early.
 * @throws {HttpFailure} The facade refused it, for example because the task is another player's.
 */
export async function* followTask(http: HttpClient, taskId: string, signal?: AbortSignal): AsyncGenerator<TaskEvent> {
  let seen: string | undefined;
  for (let pause = PAUSE_MIN_MS; ; pause = Math.min(pause * 2, PAUSE_MAX_MS)) {
    try {
      for await (const event of openedOnce(http, taskId, seen, signal)) {
        pause = PAUSE_MIN_MS;
        seen = event.event === "text" ? event.id : seen;
        yield event;
        if (event.event === "end") {
          return;
        }
      }
    } catch (failure) {
      if (signal?.aborted || (failure instanceof HttpFailure && failure.problem.status < 500)) {
        throw failure;
      }
    }
    await new Promise((resume) => setTimeout(resume, pause));
  }
}

const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 5_000;

type Answer<Data> = { data?: Data; error?: unknown; response: Response };

async function* openedOnce(
  http: HttpClient,
  taskId: string,
  seen: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<TaskEvent> {
  const header = seen === undefined ? {} : { "Last-Event-ID": seen };
  const params = { path: { task_id: taskId }, header };
  const options = { params, parseAs: "stream" as const, ...(signal && { signal }) };
  const body = await dataOrThrow(http.GET("/ai/tasks/{task_id}/events", options));
  const events = body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  const reader = events.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const { event, id, data } = next.value;
      yield { event, id, data: JSON.parse(data) } as TaskEvent;
    }
  } finally {
    await reader.cancel();
  }
}

function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "code" in error && "detail" in error;
}

/** Stands in for the document when something between client and facade has answered. */
function unnamedProblem({ status, statusText, headers }: Response): Problem {
  const title = statusText || `HTTP ${status}`;
  const detail = `The server answered ${status} without saying why.`;
  const request_id = headers.get("x-request-id") ?? "";
  return { type: "about:blank", title, status, code: status < 500 ? "refused" : "internal", detail, request_id };
}
