import { type Browser, chromium } from 'playwright-core';
import type { TestContext } from 'vitest';
import { chromiumPath, NO_CHROMIUM } from '../../sandbox/stack/chromium.js';
import { reportSystem } from './report.js';

/** One for each process of tests: it ends with the process, and people are kept apart by their contexts. */
let started: Promise<Browser> | undefined;

/**
 * A real Chromium without a window, shared by the files of a process. Where there is none, the test counts as not run, with
 * the reason in the summary.
 * @param context of the test, or of `beforeEach`: `test('…', async (context) => { const browser = await openBrowser(context) …`
 */
export async function openBrowser(context: Pick<TestContext, 'skip'>): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) return context.skip(NO_CHROMIUM);
  started ??= startBrowser(executablePath);
  const browser = await started;
  reportSystem('browser', 'real', `Chromium ${browser.version()}`);
  return browser;
}

function startBrowser(executablePath: string): Promise<Browser> {
  const args = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
  args.push('--disable-component-update', '--disable-sync');
  // Chromium's own sandbox doesn't work for root; the pages are ours.
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  return chromium.launch({ executablePath, args });
}
