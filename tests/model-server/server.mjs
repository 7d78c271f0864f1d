// Serves OpenAI's chat completions by somebody else's implementation of them, and prints its address. What it does
// wrong, if anything, is chosen by a word in the request.

import { LLMock } from "@copilotkit/aimock";

/** Long enough for many chunks, with letters of more than one byte. */
export const TEXT = "Über dem Wasser 灯台 brennt ein Licht, und niemand weiß, wer es anließ. ".repeat(8).trim();

/** Starts the server; resolves to it and its address. */
export async function start() {
  const mock = new LLMock({ port: 0, chunkSize: 7 });
  let refusals = 1;
  mock.onMessage(/a busy model/, () => {
    refusals -= 1;
    return refusals >= 0
      ? { status: 429, retryAfter: 1, error: { message: "Rate limit reached", type: "requests" } }
      : { content: TEXT };
  });
  mock.onMessage(/a broken wire/, { content: TEXT }, { latency: 20, truncateAfterChunks: 12 });
  mock.onMessage(/a torn answer/, { content: TEXT }, { chaos: { malformedRate: 1 } });
  mock.onMessage(/a closed door/, { status: 500, error: { message: "internal", type: "server_error" } });
  mock.onMessage(/./, { content: TEXT }, { latency: 5 });
  return { mock, url: await mock.start() };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { url } = await start();
  console.log(url);
  // Ends with whoever started it, because that one holds the other end of the pipe.
  process.stdin.on("end", () => process.exit(0)).resume();
}
