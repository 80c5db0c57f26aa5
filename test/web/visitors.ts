/** People of the example company in front of their browsers. */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeEach, type TestContext } from 'vitest';
import { openBrowser } from '../support/browser.js';
import type { PageStack } from './page-stack.js';

type Cookies = Awaited<ReturnType<BrowserContext['cookies']>>;

/** Starts the browser when the first test asks for it. A person signs in with the login page once, and stays so. */
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

  async close(): Promise<void> {
    await this.leave();
    await this.browser?.close();
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
    this.contexts.push(context);
    await context.addCookies(session);
    const page = await context.newPage();
    await page.goto(`${this.stack().url}${path}`);
    return page;
  }
}

/** Visitors for all tests of a file. Their browser is closed before what was started by hooks that were set earlier. */
export function visitorsOf(stack: () => PageStack): Visitors {
  const visitors = new Visitors(stack);
  beforeEach((context) => visitors.ready(context));
  afterEach(() => visitors.leave());
  afterAll(() => visitors.close());
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
