/** Runs every command of docs/api.md, in its order and in one shell, against a listening API. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROBLEMS } from '../../src/api/problems.js';
import { Gatehouse } from './gatehouse.js';
import { PlayedPromotion, promotionDeps } from './promotions.js';

const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
const sections = page.split(/^## /m).map((section) => ({
  title: section.split('\n')[0] ?? '',
  commands: [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? ''),
}));

/** One bash for all blocks: what one sets, the next one uses. */
class Shell {
  private readonly bash: ChildProcessWithoutNullStreams;
  private output = '';
  private onOutput: () => void = () => {};
  private count = 0;

  constructor(cwd: string, env: Record<string, string>) {
    this.bash = spawn('bash', ['--norc', '--noprofile'], {
      cwd,
      env: { PATH: process.env.PATH ?? '', ...env },
    });
    for (const stream of [this.bash.stdout, this.bash.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        this.output += text;
        this.onOutput();
      });
    }
  }

  /** Runs a block; resolves with its exit code and what it printed. */
  async run(block: string): Promise<{ readonly code: number; readonly printed: string }> {
    this.count += 1;
    const mark = `block-${this.count}-ended-with`;
    this.output = '';
    // -e would end the shell, so a trap notes that something failed
    this.bash.stdin.write(
      `failed=0; trap 'failed=1' ERR; set -o pipefail\n${block}\necho "\n${mark} $failed"\n`,
    );
    for (;;) {
      const match = new RegExp(`${mark} (\\d+)`).exec(this.output);
      if (match !== null) return { code: Number(match[1]), printed: this.output.slice(0, match.index) };
      await new Promise<void>((resolve) => {
        this.onOutput = resolve;
      });
    }
  }

  end(): void {
    this.bash.stdin.end();
  }
}

let gatehouse: Gatehouse;
let shell: Shell;
let folder: string;
beforeAll(async () => {
  gatehouse = await Gatehouse.start(promotionDeps());
  const url = await gatehouse.app.listen({ host: '127.0.0.1', port: 0 });
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-docs-'));
  shell = new Shell(folder, {
    GATEHOUSE_URL: url,
    TOKEN: await gatehouse.token('ada'),
    APPROVER_TOKEN: await gatehouse.token('ben'),
    OPERATOR_TOKEN: await gatehouse.token('olga'),
    WEBHOOK_SECRET: gatehouse.keys.webhooks.incoming,
  });
});
afterAll(async () => {
  shell.end();
  rmSync(folder, { recursive: true });
  await gatehouse.stop();
});

/** What a worker does between the blocks of a section. */
const meanwhile: Readonly<Record<string, () => Promise<void>>> = {
  Promote: async () => {
    const open = await gatehouse.ledger.api.findOpenByWorkflowId('promotion/shop/prod');
    const played = await PlayedPromotion.of(gatehouse, open?.requestId ?? '');
    await played.plan();
    await played.agree();
    await played.startPlace('shop/prod/prod');
    await played.merge('shop/prod/prod');
  },
};

/** What each section's commands must have done, beside ending well. */
const proofs: Readonly<Record<string, (printed: string) => Promise<void>>> = {
  Ask: async () => {
    const open = await gatehouse.ledger.api.findOpenByWorkflowId('fleet/otterize/harbour');
    expect(open).not.toBeNull();
    // what a worker does meanwhile
    await gatehouse.plan(open?.requestId ?? '');
  },
  Decide: async () => {
    const open = await gatehouse.ledger.api.findOpenByWorkflowId('fleet/otterize/harbour');
    const made = await gatehouse.entries(open?.requestId ?? '', 'decision.made');
    expect(made.map(({ body }) => [body.gate, body.decision, body.personId])).toEqual([
      ['procurement', 'approve', 'p-ben'],
    ]);
  },
  Command: async () => {
    expect(gatehouse.workflows.commands.map(({ command, body }) => [command, body.targets])).toEqual([
      ['pause', []],
      ['resume', []],
      ['retry', ['harbour-01/dev']],
    ]);
    const open = await gatehouse.ledger.api.findOpenByWorkflowId('fleet/otterize/harbour');
    expect(await gatehouse.entries(open?.requestId ?? '', 'request.revoked')).toHaveLength(1);
  },
  Promote: async (printed) => {
    expect(gatehouse.workflows.commands.at(-1)).toMatchObject({ command: 'rollback' });
    expect(printed).toContain('"reason":"the till is down"');
    expect(printed).toContain('changes of shop go on');
    expect(printed).toContain('at,application,environment,release');
  },
  Tickets: async () => {
    expect(await gatehouse.ledger.api.findOpenByWorkflowId('fleet/otterize/quay')).not.toBeNull();
  },
};

describe('the page about the API', () => {
  it.each(sections.filter(({ commands }) => commands.length > 0))(
    '$title: every command works',
    async ({ title, commands }) => {
      let printed = '';
      for (const [index, command] of commands.entries()) {
        if (index === 1) await meanwhile[title]?.();
        const result = await shell.run(command);
        expect([command, result]).toEqual([command, { code: 0, printed: expect.any(String) }]);
        printed += result.printed;
      }
      await proofs[title]?.(printed);
    },
  );

  it('has a section for each proof, and names problems that exist', () => {
    const titles = sections.map(({ title }) => title);
    expect(titles).toEqual(expect.arrayContaining(Object.keys(proofs)));
    const named = [...page.matchAll(/urn:gatehouse:problem:([a-z-]+)/g)].map((match) => match[1]);
    for (const name of named) expect(Object.keys(PROBLEMS)).toContain(name);
  });
});
