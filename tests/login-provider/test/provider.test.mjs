import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('the provider describes itself and changes its key when told to', async () => {
  const script = fileURLToPath(new URL('../provider.mjs', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'ignore'] });
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { issuer } = JSON.parse((await lines.next()).value);
    const configuration = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    assert.equal(configuration.issuer, issuer);
    const keyId = async () => (await (await fetch(configuration.jwks_uri)).json()).keys[0].kid;
    const first = await keyId();
    child.stdin.write('rotate\n');
    assert.deepEqual(JSON.parse((await lines.next()).value), { done: 'rotate' });
    assert.notEqual(await keyId(), first);
  } finally {
    child.kill();
  }
});
