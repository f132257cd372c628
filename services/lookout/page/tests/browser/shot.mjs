// Takes pictures of pages in headless Chromium and says what the console had to complain about.
//   node tests/browser/shot.mjs http://127.0.0.1:3000 out/ /d/obsiverse-platform /dashboards
// Environment: CHROMIUM (the program), WIDTHS (1500,390), THEMES (dark), FULL=1 for the whole page.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';

const [base, out, ...pages] = process.argv.slice(2);
if (!base || !out || pages.length === 0) {
  console.error('usage: node tests/browser/shot.mjs <base address> <folder> <path> …');
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const widths = (process.env.WIDTHS ?? '1500').split(',').map(Number);
const themes = (process.env.THEMES ?? 'dark').split(',');
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
let faults = 0;
for (const page of pages) {
  for (const width of widths) {
    for (const theme of themes) {
      const tab = await browser.newPage({ viewport: { width, height: width < 600 ? 844 : 1060 } });
      let bytes = 0;
      tab.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') {
          faults += message.type() === 'error' ? 1 : 0;
          console.log(`  ${message.type()}: ${message.text().slice(0, 400)} ${message.location().url}`);
        }
      });
      tab.on('pageerror', (error) => {
        faults++;
        console.log(`  page error: ${error.message}\n${(error.stack ?? '').slice(0, 600)}`);
      });
      tab.on('response', async (response) => {
        bytes += Number((await response.allHeaders().catch(() => ({})))['content-length'] ?? 0);
      });
      const join = page.includes('?') ? '&' : '?';
      const started = Date.now();
      await tab.goto(`${base}${page}${join}theme=${theme}`);
      await tab.waitForFunction(() => document.body.dataset.ready === 'true', undefined, { timeout: 60_000 }).catch(() => console.log('  never ready'));
      const took = Date.now() - started;
      if (process.env.FULL) {
        const height = await tab.evaluate(() => document.documentElement.scrollHeight);
        await tab.setViewportSize({ width, height: Math.min(height, 6000) });
        await tab.waitForTimeout(300);
        await tab.waitForFunction(() => document.body.dataset.ready === 'true', undefined, { timeout: 60_000 }).catch(() => console.log('  never ready'));
      }
      const states = await tab.$$eval('[data-panel-id]', (panels) => panels.map((one) => `${one.dataset.state} ${one.dataset.panelTitle}`));
      const bad = states.filter((state) => !state.startsWith('done'));
      const file = path.join(out, `${page.replace(/[^\w-]+/g, '_').replace(/^_/, '')}-${width}-${theme}.png`);
      await tab.screenshot({ path: file });
      console.log(`${file} ready after ${took} ms, ${states.length} panels, ${Math.round(bytes / 1024)} KB${bad.length ? `\n  ${bad.join('\n  ')}` : ''}`);
      await tab.close();
    }
  }
}
await browser.close();
process.exit(faults > 0 ? 1 : 0);
