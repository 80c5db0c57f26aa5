import { type Browser, chromium } from 'playwright-core';
import type { TestContext } from 'vitest';
import { chromiumPath, NO_CHROMIUM } from '../../sandbox/stack/chromium.js';
import { reportSystem } from './report.js';

/**
 * A real Chromium without a window. Where there is none, the test counts as not run, with the reason in the summary.
 * @param context of the test, or of `beforeEach`: `test('…', async (context) => { const browser = await openBrowser(context) …`
 */
export async function openBrowser(context: Pick<TestContext, 'skip'>): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) return context.skip(NO_CHROMIUM);
  const args = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
  args.push('--disable-component-update', '--disable-sync');
  // Chromium's own sandbox doesn't work for root; the pages are ours.
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  const browser = await chromium.launch({ executablePath, args });
  reportSystem('browser', 'real', `Chromium ${browser.version()}`);
  return browser;
}
