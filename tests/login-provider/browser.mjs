// A player at a headless Chromium: opens the game's page, logs in at the provider, comes back, reloads, logs out.
// It says where the page is served on its standard output, and takes one order on its standard input:
// {"facade": address, "script": the page's script, "login": name at the provider}.
import chromium from '@sparticuz/chromium';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import puppeteer from 'puppeteer-core';

let script = '';
const server = createServer((_, response) => {
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(`<!doctype html><title>game</title><script>${script}</script>`);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;
console.log(JSON.stringify({ origin }));

const { value } = await createInterface({ input: process.stdin })[Symbol.asyncIterator]().next();
const order = JSON.parse(value);
script = order.script;
const browser = await puppeteer.launch({
  // Not the package's own arguments: they switch off what keeps pages of different origins apart.
  args: ['--no-sandbox', '--no-zygote', '--disable-gpu', '--no-proxy-server'],
  executablePath: await chromium.executablePath(),
  headless: 'shell',
});
try {
  console.log(JSON.stringify(await play()));
} finally {
  await browser.close();
  server.close();
}
process.exit();

async function play() {
  const page = await browser.newPage();
  await page.goto(origin);
  const before = await outcome(page, 'refresh()');
  const first = await logIn(page, true);
  // What the page's scripts and the browser know of the refresh token.
  const visible = await page.evaluate('document.cookie');
  const cookies = (await browser.cookies()).filter(({ name }) => name === 'worldloom-refresh');
  await page.goto(origin);
  const reloaded = await outcome(page, 'refresh()');
  // A page of another site sends what it likes; the browser keeps the cookie from it, or says where it is from.
  await page.goto(origin.replace('127.0.0.1', 'localhost'));
  const foreign = await outcome(page, 'refresh()');
  await page.goto(origin);
  const loggedOut = await outcome(page, 'logout()');
  const after = await outcome(page, 'refresh()');
  const again = await logIn(page, false);
  return { before, first, visible, cookies, reloaded, foreign, loggedOut, after, again };
}

/** Logs in at the provider, which asks only the first time, and returns what the page gets. */
async function logIn(page, isAsked) {
  await page.goto(origin);
  await Promise.all([page.waitForNavigation(), page.evaluate(`login('acme', '${origin}/back')`)]);
  if (isAsked) {
    await page.type('input[name=login]', order.login);
    await page.type('input[name=password]', 'any');
    await Promise.all([page.waitForNavigation(), page.click('button[type=submit]')]);
    await Promise.all([page.waitForNavigation(), page.click('button[type=submit]')]);
  }
  const { pathname } = new URL(page.url());
  if (pathname !== '/back') throw new Error(`the login ended at ${page.url()}: ${await page.content()}`);
  return outcome(page, 'finish(new URLSearchParams(location.search))');
}

/** What a call on the page gives, or why it fails. */
function outcome(page, call) {
  return page.evaluate(`${call}.then((given) => ({ given }), (error) => ({ error: error.message }))`);
}
