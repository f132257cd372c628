// Drives the built page against the stand-in in headless Chromium and checks what a reader would do.
//   npm run build && npm run test:browser
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { TRACE } from './answers.mjs';
import { start } from './server.mjs';

const server = await start();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
let failures = 0;

async function open(path, options = {}) {
  const tab = await browser.newPage({ viewport: { width: 1500, height: 1060 }, ...options });
  tab.faults = [];
  tab.on('console', (message) => {
    // A failed query is answered with 400, which the browser writes to the console by itself.
    if (message.type() === 'error' && !/status of (?:400|404)/.test(message.text())) {
      tab.faults.push(message.text());
    }
  });
  tab.on('pageerror', (error) => tab.faults.push(String(error)));
  await tab.goto(server.address + path);
  await ready(tab);
  return tab;
}

const ready = (tab) => tab.waitForFunction(() => document.body.dataset.ready === 'true', undefined, { timeout: 30_000 });
const panel = (tab, title) => tab.locator(`[data-panel-title="${title}"]`);
const state = (tab, title) => panel(tab, title).getAttribute('data-state');
const param = (tab, name) => new URL(tab.url()).searchParams.getAll(name);

async function check(name, run) {
  try {
    await run();
    console.log(`ok   ${name}`);
  } catch (error) {
    failures++;
    console.log(`FAIL ${name}\n     ${String(error.message).split('\n').slice(0, 8).join('\n     ')}`);
  }
}

await check('every panel type draws, with nothing in the console', async () => {
  const tab = await open('/d/all?render=1');
  const states = await tab.$$eval('[data-panel-id]', (all) => all.map((one) => [one.dataset.panelTitle, one.dataset.state]));
  const bad = states.filter(([title, what]) => what !== 'done' && title !== 'Not here');
  assert.deepEqual(bad, []);
  assert.equal(await tab.locator('text=The panel type "geomap" is not supported').count(), 1);
  assert.deepEqual(tab.faults, []);
  assert.equal(await tab.evaluate(() => window.hacked), undefined);
  await tab.close();
});

await check('one request per panel and refresh, and the page is not loaded anew', async () => {
  const tab = await open('/d/all');
  await tab.evaluate(() => { window.mark = 1; });
  server.requests.length = 0;
  await tab.keyboard.press('d');
  await tab.keyboard.press('r');
  await tab.waitForTimeout(300);
  await ready(tab);
  const asked = server.requests.filter((one) => one.path === '/api/ds/query');
  const seen = await tab.locator('[data-panel-id]:not([data-panel-type="text"]):not([data-panel-type="alertlist"])[data-state="done"]').count();
  assert.ok(asked.length <= seen && asked.length > 3, `${asked.length} requests for ${seen} panels`);
  assert.equal(server.requests.filter((one) => one.path.startsWith('/api/dashboards')).length, 0);
  assert.equal(await tab.evaluate(() => window.mark), 1);
  await tab.close();
});

await check('a variable that others depend on changes them and the queries', async () => {
  const tab = await open('/d/all');
  assert.equal(await tab.locator('#var-instance').inputValue(), 'endpoint-1:9100');
  server.requests.length = 0;
  await tab.goto(`${server.address}/d/all?var-service=model`);
  await ready(tab);
  assert.equal(await tab.locator('#var-instance').inputValue(), 'model-1:9100');
  assert.ok(server.requests.some((one) => one.body.includes('service=~\\"model\\"')), 'no query has the value');
  await tab.locator('#var-interval').click();
  await tab.getByRole('option', { name: '1h' }).click();
  assert.deepEqual(param(tab, 'var-interval'), ['1h']);
  await tab.close();
});

await check('repeated rows come once per value', async () => {
  const tab = await open('/d/all');
  const rows = await tab.$$eval('[data-row-title]', (all) => all.map((one) => one.dataset.rowTitle));
  assert.deepEqual(rows.slice(2), ['For endpoint', 'For gateway', 'For model']);
  await tab.locator('[data-row-title="For model"]').click();
  await panel(tab, 'Of model').scrollIntoViewIfNeeded();
  await ready(tab);
  assert.equal(await state(tab, 'Of model'), 'done');
  await tab.close();
});

await check('an exemplar opens its trace', async () => {
  const tab = await open('/d/all');
  await tab.locator(`[data-exemplar="${TRACE}"]`).first().click();
  await tab.locator('[role="dialog"] [data-testid="waterfall"]').waitFor();
  assert.equal(await tab.locator('[role="dialog"] [data-span]').count(), 6);
  assert.deepEqual(param(tab, 'traceId'), [TRACE]);
  await tab.goBack();
  await tab.locator('[role="dialog"]').waitFor({ state: 'detached' });
  assert.deepEqual(tab.faults, []);
  await tab.close();
});

await check('dragging over a graph zooms in; t z zooms out', async () => {
  const tab = await open('/d/all');
  const box = await panel(tab, 'Requests by service').locator('.u-over').boundingBox();
  await tab.mouse.move(box.x + 50, box.y + 20);
  await tab.mouse.down();
  await tab.mouse.move(box.x + 120, box.y + 20, { steps: 5 });
  await tab.mouse.move(box.x + 220, box.y + 20, { steps: 5 });
  await tab.mouse.up();
  await ready(tab);
  const [from, to] = [Number(param(tab, 'from')[0]), Number(param(tab, 'to')[0])];
  assert.ok(to - from > 60_000 && to - from < 5 * 3600_000, `${to - from} ms`);
  await tab.keyboard.press('t');
  await tab.keyboard.press('z');
  const wide = Number(param(tab, 'to')[0]) - Number(param(tab, 'from')[0]);
  assert.ok(Math.abs(wide - 2 * (to - from)) < 10, `${wide}`);
  await tab.close();
});

await check('a tooltip names the series; a click shows the data link', async () => {
  const tab = await open('/d/all');
  const box = await panel(tab, 'Requests by service').locator('.u-over').boundingBox();
  await tab.mouse.move(box.x + 200, box.y + 60);
  await tab.mouse.move(box.x + 210, box.y + 62, { steps: 4 });
  await tab.locator('#grafana-portal-container, body').locator('text=gateway').first().waitFor();
  await tab.mouse.click(box.x + 210, box.y + 62);
  const link = tab.locator('a:has-text("Look at")').first();
  await link.waitFor();
  assert.match(await link.getAttribute('href'), /var-service=\w+&from=now-6h&to=now/);
  assert.equal(await panel(tab, 'Latency').locator('.u-cursor-x').count() > 0, true);
  await tab.close();
});

await check('a legend click shows one series alone', async () => {
  const tab = await open('/d/all');
  const name = panel(tab, 'Requests by service').locator('button:has-text("endpoint")').first();
  const color = (text) => panel(tab, 'Requests by service').locator(`button:has-text("${text}")`).first().evaluate((one) => getComputedStyle(one).color);
  const before = await color('gateway');
  await name.click();
  await tab.waitForTimeout(200);
  assert.notEqual(await color('gateway'), before);
  await tab.close();
});

await check('kiosk, view of one panel and back, by keys', async () => {
  const tab = await open('/d/all');
  await tab.keyboard.press('d');
  await tab.keyboard.press('k');
  assert.equal(await tab.locator('header').count(), 0);
  await tab.keyboard.press('Escape');
  await tab.locator('header').waitFor();
  await panel(tab, 'Latency').hover();
  await tab.keyboard.press('v');
  await ready(tab);
  assert.equal(await tab.locator('[data-panel-id]').count(), 1);
  await tab.keyboard.press('Escape');
  await ready(tab);
  assert.ok((await tab.locator('[data-panel-id]').count()) > 5);
  await tab.keyboard.press('?');
  await tab.locator('text=Zoom out').waitFor();
  await tab.close();
});

await check('a panel alone (d-solo) has nothing about it', async () => {
  const tab = await open('/d-solo/all?panelId=8');
  assert.equal(await tab.locator('header').count(), 0);
  assert.equal(await tab.locator('[data-panel-id="8"]').getAttribute('data-state'), 'done');
  await tab.close();
});

await check('broken, slow, missing and too much: said, and the others live', async () => {
  const tab = await browser.newPage({ viewport: { width: 1500, height: 1060 } });
  await tab.goto(`${server.address}/d/careful`);
  await tab.locator('[data-panel-title="Live"][data-state="done"]').waitFor();
  assert.equal(await state(tab, 'Slow'), 'loading');
  await ready(tab);
  assert.equal(await state(tab, 'Slow'), 'done');
  assert.match(await panel(tab, 'Broken').locator('[data-testid="panel-error"]').textContent(), /parse error/);
  assert.match(await panel(tab, 'No such source').textContent(), /no data source gone/);
  assert.match(await panel(tab, 'Ten thousand').textContent(), /100 of 10,000 series/);
  assert.match(await panel(tab, 'Nothing').textContent(), /Comes with the first request/);
  assert.match(await panel(tab, 'Map').textContent(), /geomap/);
  assert.equal(await tab.evaluate(() => window.hacked), undefined);
  await tab.close();
});

await check('panels far below ask for nothing until they are scrolled to', async () => {
  server.requests.length = 0;
  const tab = await open('/d/careful');
  assert.equal(server.requests.filter((one) => one.body.includes('echo below')).length, 0);
  await panel(tab, 'Far below').scrollIntoViewIfNeeded();
  await tab.locator('[data-panel-title="Far below"][data-state="done"]').waitFor();
  await tab.close();
});

await check('schemas that are not known are named', async () => {
  for (const [uid, word] of [['v2', /v2beta1/], ['newer', /schemaVersion 99/], ['none', /No dashboard has the uid none/]]) {
    const tab = await open(`/d/${uid}`);
    assert.match(await tab.locator('[data-testid="page-error"]').textContent(), word);
    await tab.close();
  }
});

await check('light theme by the address and by the button; time zone', async () => {
  const tab = await open('/d/all?theme=light&timezone=Asia/Tokyo');
  assert.equal(await tab.evaluate(() => document.body.className), 'theme-light');
  await tab.getByLabel('Dark theme').click();
  assert.equal(await tab.evaluate(() => document.body.className), 'theme-dark');
  await tab.close();
});

await check('on a phone panels stand one under the other, and nothing is wider than the page', async () => {
  const tab = await open('/d/all', { viewport: { width: 390, height: 844 } });
  const lefts = await tab.$$eval('[data-panel-id]', (all) => [...new Set(all.map((one) => Math.round(one.getBoundingClientRect().left)))]);
  assert.equal(lefts.length, 1);
  assert.ok((await tab.evaluate(() => document.documentElement.scrollWidth)) <= 390);
  await tab.close();
});

await check('dashboards are listed by folder and found', async () => {
  const tab = await open('/dashboards');
  assert.equal(await tab.locator('[data-folder="tests"] li').count(), 3);
  await tab.getByPlaceholder('Search for dashboards').fill('care');
  assert.equal(await tab.locator('[data-folder="tests"] li').count(), 1);
  await tab.locator('a:has-text("Careful")').click();
  await tab.locator('[data-panel-title="Live"]').waitFor();
  await tab.close();
});

await check('a first visit weighs at most 1 MB, compressed', async () => {
  const { gzipSync } = await import('node:zlib');
  const tab = await browser.newPage({ viewport: { width: 1500, height: 1060 } });
  let bytes = 0;
  const counting = [];
  tab.on('response', (response) => {
    if (response.url().startsWith(server.address) && !response.url().includes('/api/')) {
      counting.push(response.body().then((body) => { bytes += /\.woff2$/.test(response.url()) ? body.length : gzipSync(body).length; }).catch(() => undefined));
    }
  });
  await tab.goto(`${server.address}/d/all?render=1`);
  await ready(tab);
  await Promise.all(counting);
  console.log(`     ${Math.round(bytes / 1024)} KiB for a dashboard with every panel type`);
  assert.ok(bytes <= 1024 * 1024, `${bytes} bytes`);
  await tab.close();
});

await browser.close();
server.close();
process.exit(failures > 0 ? 1 : 0);
