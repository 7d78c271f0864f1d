// Logs in through a browser, as a native app does (RFC 8252): waits on a port of this machine for the browser to
// come back, and writes the tokens to its standard output. Needs nothing but Node.js.
//
// Usage: node log-in.mjs FACADE PROVIDER
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

const [facade, provider] = process.argv.slice(2);
if (!facade || !provider) throw new Error('usage: node log-in.mjs FACADE PROVIDER');
const verifier = randomBytes(32).toString('base64url');
const state = randomBytes(16).toString('base64url');

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const redirectUri = `http://127.0.0.1:${server.address().port}/back`;
const query = new URLSearchParams({
  provider,
  redirect_uri: redirectUri,
  state,
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256',
});
console.error(`Open this address in your browser:\n\n${facade}/auth/authorize?${query}\n`);

const { answer, response } = await comeBack();
const { tokens, problem } = await exchange(answer);
response.setHeader('Content-Type', 'text/html; charset=utf-8');
response.end(`<!doctype html><title>Worldloom</title><h1>${tokens ? 'You are logged in' : 'That did not work'}</h1>
<p>Go on in the terminal; this page can be closed.`);
await once(response, 'close');
server.close();
server.closeAllConnections();
if (tokens) console.log(tokens);
else console.error(problem);
process.exitCode = tokens ? 0 : 1;

/** The browser's return; anything without this login's state is somebody else's. */
function comeBack() {
  return new Promise((resolve) => {
    server.on('request', (request, response) => {
      const { pathname, searchParams } = new URL(request.url, redirectUri);
      if (pathname === '/back' && searchParams.get('state') === state) resolve({ answer: searchParams, response });
      else response.writeHead(404).end();
    });
  });
}

/** The code and the verifier for tokens. */
async function exchange(answer) {
  if (answer.has('error')) return { problem: `The login provider says: ${answer.get('error')}` };
  const login = await fetch(`${facade}/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      provider,
      proof: { code: answer.get('code'), code_verifier: verifier },
      client: 'app',
      device_name: 'A terminal',
    }),
  });
  const text = await login.text();
  return login.ok ? { tokens: text } : { problem: text };
}
