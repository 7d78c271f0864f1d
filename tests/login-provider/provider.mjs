// Runs the provider on a free port. It says where on its standard output, and takes orders, one a line, on its
// standard input: `client <redirect_uri>` lets a client in, `rotate` changes the signing key.
//
// With `--port N --client URI` it runs there, for this client, until it is stopped: `cargo xtask dev` has it so.
// Whoever comes is let in under any name. It is for one machine and listens nowhere else.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import Provider from 'oidc-provider';

const { values: given } = parseArgs({ options: { port: { type: 'string' }, client: { type: 'string' } } });
const redirectUris = given.client ? [given.client] : [];
const server = createServer();
await new Promise((resolve) => server.listen(Number(given.port ?? 0), '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
let callback = start();
server.on('request', (request, response) => callback(request, response));
console.log(JSON.stringify({ issuer }));

if (given.port === undefined) await takeOrders();

async function takeOrders() {
  for await (const line of createInterface({ input: process.stdin })) {
    const [order, argument] = line.split(' ');
    if (order === 'client') redirectUris.push(argument);
    callback = start();
    console.log(JSON.stringify({ done: order }));
  }
  server.close();
  server.closeAllConnections();
}

/** A provider with a key of its own; what browsers and clients hold of an earlier one stays good. */
function start() {
  const client = {
    client_id: 'worldloom',
    // A client that is let in by its address alone has no secret to keep.
    ...(given.client
      ? { token_endpoint_auth_method: 'none' }
      : { client_secret: 'a secret of the client, long enough' }),
    redirect_uris: redirectUris.length > 0 ? [...redirectUris] : ['http://127.0.0.1/unused'],
    grant_types: ['authorization_code'],
    response_types: ['code'],
  };
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'RS256', use: 'sig' };
  const provider = new Provider(issuer, {
    clients: [client],
    jwks: { keys: [key] },
    cookies: { keys: ['a key of the cookies'] },
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  });
  return provider.callback();
}
