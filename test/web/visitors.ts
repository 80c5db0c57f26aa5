/** People of the example company in front of their browsers. */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterEach, beforeEach, type TestContext } from 'vitest';
import { openBrowser } from '../support/browser.js';
import type { PageStack } from './page-stack.js';

/** As `expect.poll` of all tests: a condition may take as long as a busy machine needs. */
const PATIENCE_MS = 60_000;

type Cookies = Awaited<ReturnType<BrowserContext['cookies']>>;

/** The browser is asked for by the first test. A person signs in with the login page once, and stays so. */
export class Visitors {
  private readonly stack: () => PageStack;
  private browser: Browser | undefined;
  private readonly contexts: BrowserContext[] = [];
  private readonly sessions = new Map<string, Cookies>();

  constructor(stack: () => PageStack) {
    this.stack = stack;
  }

  /** Where there is no browser, the test counts as not run. */
  async ready(context: Pick<TestContext, 'skip'>): Promise<void> {
    this.browser ??= await openBrowser(context);
  }

  /** Closes the windows of a test. */
  async leave(): Promise<void> {
    await Promise.all(this.contexts.splice(0).map((context) => context.close()));
  }

  /** What people see in their windows, for whoever asks why a test has failed. */
  async seen(): Promise<string> {
    const pages = this.contexts.flatMap((context) => context.pages());
    const texts = pages.map(async (page) => {
      const text = await page
        .locator('body')
        .innerText({ timeout: 2_000 })
        .catch((error: unknown) => String(error));
      return `${page.url()}\n${text}`;
    });
    return (await Promise.all(texts)).join('\n\n');
  }

  /** A window of somebody who is not signed in, at a path of ours. */
  stranger(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    return this.window(path, options, []);
  }

  /** A window of a person who is signed in, at a path of ours. */
  async open(name: string, path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const known = this.sessions.get(name);
    if (known !== undefined) return this.window(path, options, known);
    const page = await this.stranger('/');
    await signIn(page, name);
    await page.waitForURL(`${this.stack().url}/`);
    const session = await page.context().cookies();
    this.sessions.set(name, session);
    return this.window(path, options, session);
  }

  private async window(path: string, options: BrowserContextOptions, session: Cookies): Promise<Page> {
    if (this.browser === undefined) throw new Error('no browser was started');
    const context = await this.browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    this.contexts.push(context);
    await context.addCookies(session);
    const page = await context.newPage();
    await page.goto(`${this.stack().url}${path}`);
    return page;
  }
}

/** Visitors for all tests of a file. Their windows are closed before what was started by hooks that were set earlier. */
export function visitorsOf(stack: () => PageStack): Visitors {
  const visitors = new Visitors(stack);
  beforeEach((context) => visitors.ready(context));
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail')
      process.stderr.write(`${task.name}: seen at its end:\n${await visitors.seen()}\n`);
    await visitors.leave();
  });
  return visitors;
}

/** Types a name into the login page of the example company. */
export async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('User name').fill(name);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** Types evidence into the form of a gate. */
export async function fillEvidence(
  page: Page,
  gate: string,
  evidence: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, text] of Object.entries(evidence)) await page.locator(`#${gate}-${name}`).fill(text);
}

export const CONTRACT = { contractNumber: 'CTR-2027-042', licences: '2', validUntil: '2099-12-31' } as const;
