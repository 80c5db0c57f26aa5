/** Runs the real command line as one of the example people, and shows the command as somebody would type it. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExampleApi } from '../stack/api-client.js';
import type { GatehouseStack } from '../stack/gatehouse.js';

const BIN = fileURLToPath(new URL('../../bin/gatehouse.js', import.meta.url));

export interface CommandResult {
  readonly code: number;
  readonly output: string;
}

export class DemoCommandLine {
  private readonly stack: GatehouseStack;
  private readonly api: ExampleApi;
  private readonly folder: string;

  constructor(stack: GatehouseStack, api: ExampleApi) {
    this.stack = stack;
    this.api = api;
    this.folder = join(stack.folder, 'tokens');
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  /**
   * Runs a command.
   * @param person key of the example person, or undefined for commands that ask nobody
   * @returns its exit code and what it printed
   */
  async run(person: string | undefined, args: readonly string[]): Promise<CommandResult> {
    const env: NodeJS.ProcessEnv = {
      ...this.stack.environment('auditor', { GATEHOUSE_URL: this.stack.apiUrl }),
      ...(process.env.TERM === undefined ? {} : { TERM: process.env.TERM }),
      ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
    };
    delete env.GATEHOUSE_LEDGER_URL;
    if (person !== undefined) env.GATEHOUSE_TOKEN_FILE = await this.tokenFile(person);
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: this.stack.folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const code = await new Promise<number>((resolve) => child.once('close', (ended) => resolve(ended ?? 1)));
    return { code, output };
  }
  /**
   * Writes a file of settings that a shell reads, so that somebody can go on by themselves.
   * @param person key of the example person whose access token it names
   * @returns its path
   */
  async settingsFor(person: string): Promise<string> {
    const { GATEHOUSE_INSTALLATION, NODE_EXTRA_CA_CERTS } = this.stack.environment('auditor');
    const settings = {
      GATEHOUSE_URL: this.stack.apiUrl,
      GATEHOUSE_INSTALLATION,
      NODE_EXTRA_CA_CERTS,
      GATEHOUSE_TOKEN_FILE: await this.tokenFile(person),
    };
    const lines = Object.entries(settings).flatMap(([name, value]) =>
      value === undefined ? [] : [`export ${name}='${value}'`],
    );
    const file = join(this.stack.folder, 'env');
    writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    return file;
  }

  private async tokenFile(person: string): Promise<string> {
    const file = join(this.folder, person);
    writeFileSync(file, await this.api.tokenOf(person), { mode: 0o600 });
    return file;
  }
}
