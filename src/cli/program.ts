/** The commands and their options. What a command does is loaded when it runs, so that `--help` and `status` start fast. */
import { Argument, type Command, Option } from 'commander';
import { EXCEPTIONS } from '../domain/promotion/request.js';
import { REQUEST_KINDS } from '../domain/request.js';
import { STATUS_WORDS } from '../domain/status/shapes.js';
import type { CommandName, PeriodAsked, RequestFilter } from './api/api-client.js';
import type { ApplyOptions } from './commands/apply.js';
import type { DecideOptions } from './commands/decide.js';
import type { HoldOptions } from './commands/hold.js';
import type { LoginOptions } from './commands/login.js';
import type { PromoteOptions } from './commands/promote.js';
import type { RollbackOptions } from './commands/rollback.js';
import { SHELL_NAMES, type Shell } from './completion/shells.js';
import { collected, durationOption, wholeOption } from './options.js';
import { programFrame, type Run, type Runner } from './program-frame.js';
import { addVersion, addWaiting } from './wait-program.js';

const EXIT_CODES = `
Exit codes: 0 done or nothing to do, 1 error, 2 changes planned, 3 waiting or still running.
Settings: GATEHOUSE_URL and the token of "gatehouse login" for commands that ask the API; GATEHOUSE_INSTALLATION for
plan and doctor. docs/cli.md shows every command.`;

/** @param runner gets what the chosen command does */
export function buildProgram(runner: Runner): Command {
  const { program, run } = programFrame(
    'Durable workflows with human approval for platform teams',
    EXIT_CODES,
    runner,
  );
  addAsking(program, run);
  addPromoting(program, run);
  addDeciding(program, run);
  addSteering(program, run);
  addEvidence(program, run);
  addWaiting(program, run);
  addInstalling(program, run);
  return program;
}

function addAsking(program: Command, run: Run): void {
  program
    .command('plan')
    .description('show what a file would create, change or remove; writes nothing, needs no Temporal')
    .requiredOption('-f, --file <path>', 'the Fleet or Promotion')
    .action(({ file }: { file: string }) =>
      run(async (session) => (await import('./commands/plan.js')).plan(session, file)),
    );
  program
    .command('apply')
    .description('ask for what a file says')
    .requiredOption('-f, --file <path>', 'the Fleet or Promotion')
    .option('--for <mail>', 'e-mail of the person it is for; a Fleet needs one')
    .option('--ticket <number>', 'ticket that it belongs to')
    .option('--reason <text>', 'why, for those who decide')
    .option('--idempotency-key <key>', 'the same key with the same file is the same request')
    .option('--wait', 'watch until it ends')
    .option('--timeout <duration>', 'stop watching after this time, e.g. 30m', durationOption)
    .action(({ timeout, ...options }: Omit<ApplyOptions, 'timeoutMs'> & { timeout?: number }) =>
      run(async (session) =>
        (await import('./commands/apply.js')).apply(session, {
          ...options,
          ...(timeout === undefined ? {} : { timeoutMs: timeout }),
        }),
      ),
    );
  program
    .command('status')
    .description('where a request stands; without an id, all that you may see')
    .argument('[request]', 'id of the request')
    .option('-w, --watch', 'follow it until it ends')
    .option('--timeout <duration>', 'stop watching after this time, e.g. 30m', durationOption)
    .option('--limit <count>', 'rows of the list', wholeOption(1, 50), 20)
    .option('--ticket <number>', 'list only what belongs to this ticket')
    .addOption(new Option('--kind <kind>', 'list only this').choices(REQUEST_KINDS))
    .addOption(new Option('--status <word>', 'list only what stands there now').choices(STATUS_WORDS))
    .action((request: string | undefined, options: StatusFlags) =>
      run(async (session) =>
        (await import('./commands/status.js')).status(session, request, {
          limit: options.limit,
          filter: filterOf(options),
          ...(options.watch === undefined ? {} : { watch: options.watch }),
          ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
        }),
      ),
    );
}

interface StatusFlags extends RequestFilter {
  readonly watch?: boolean;
  readonly timeout?: number;
  readonly limit: number;
}

function filterOf({ ticket, kind, status }: StatusFlags): RequestFilter {
  return {
    ...(ticket === undefined ? {} : { ticket }),
    ...(kind === undefined ? {} : { kind }),
    ...(status === undefined ? {} : { status }),
  };
}

function addPromoting(program: Command, run: Run): void {
  program
    .command('promote')
    .description('ask to bring a release to an environment; what is not named is what the one before runs')
    .argument('<application>', 'name of its path')
    .requiredOption('--to <environment>', 'where to')
    .option('--image <name=tag>', 'or repository@sha256:…; may be repeated', collected, [])
    .option('--chart <name=version>', 'may be repeated', collected, [])
    .option('--commit <sha>', 'of the environment before')
    .option('--from <environment>', 'skips those in between; only with a hotfix or break-glass')
    .addOption(
      new Option('--exception <kind>', 'round the normal way; needs a policy that allows it').choices(
        EXCEPTIONS,
      ),
    )
    .option('--shadow', 'change nothing and ask nobody: only say what would be done')
    .option('--reason <text>', 'why, for those who decide; an exception needs one')
    .option('--ticket <number>', 'ticket that it belongs to')
    .option('--idempotency-key <key>', 'the same key with the same options is the same request')
    .option('-w, --watch', 'watch until it ends')
    .option('--timeout <duration>', 'stop watching after this time, e.g. 30m', durationOption)
    .action((application: string, { timeout, ...options }: WithTimeout<PromoteOptions>) =>
      run(async (session) =>
        (await import('./commands/promote.js')).promote(session, application, {
          ...options,
          ...(timeout === undefined ? {} : { timeoutMs: timeout }),
        }),
      ),
    );
  program
    .command('rollback')
    .description('take an open promotion back, or ask for what an environment ran before')
    .argument('<what>', 'id of the request, or <application>/<environment>')
    .option('--reason <text>', 'why; a new request needs one')
    .option('--ticket <number>', 'ticket that a new request belongs to')
    .option('--idempotency-key <key>', 'the same key is the same command, or the same request')
    .option('-w, --watch', 'watch a new request until it ends')
    .option('--timeout <duration>', 'stop watching after this time, e.g. 30m', durationOption)
    .action((what: string, { timeout, ...options }: WithTimeout<RollbackOptions>) =>
      run(async (session) =>
        (await import('./commands/rollback.js')).rollback(session, what, {
          ...options,
          ...(timeout === undefined ? {} : { timeoutMs: timeout }),
        }),
      ),
    );
  program
    .command('environments')
    .description('what runs where, side by side, and how neighbours differ')
    .argument('[application]', 'default: the applications that you may see')
    .action((application: string | undefined) =>
      run(async (session) => (await import('./commands/environments.js')).environments(session, application)),
    );
  addHolding(program, run);
  const period = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option('--application <name>', 'only this one')
      .option('--environment <name>', 'only this one')
      .option('--from <day>', 'YYYY-MM-DD, UTC; default: 30 days before --to')
      .option('--to <day>', 'not included; default: now');
  period('figures', 'lead time, deployments, failures, time to restore; waiting apart from working').action(
    (options: PeriodAsked) =>
      run(async (session) => (await import('./commands/figures.js')).figures(session, options)),
  );
  period('changes', 'the change log')
    .option('--csv', 'for spreadsheets, RFC 4180')
    .action((options: PeriodAsked & { csv?: boolean }) =>
      run(async (session) => (await import('./commands/figures.js')).changes(session, options)),
    );
}

function addHolding(program: Command, run: Run): void {
  program
    .command('hold')
    .description('stop changes: of an application, an environment, both, or, without either, of everything')
    .option('--application <name>', 'only this one')
    .option('--environment <name>', 'only this one')
    .requiredOption('--reason <text>', 'why, for whoever waits')
    .option('--idempotency-key <key>', 'the same key is the same hold')
    .action((options: HoldOptions) =>
      run(async (session) => (await import('./commands/hold.js')).hold(session, options)),
    );
  program
    .command('holds')
    .description('what is held, since when, and why')
    .action(() => run(async (session) => (await import('./commands/hold.js')).holds(session)));
  program
    .command('release')
    .description('let held changes go on')
    .argument('<hold>', 'id of the hold')
    .action((holdId: string) =>
      run(async (session) => (await import('./commands/hold.js')).release(session, holdId)),
    );
}

/** Durations come from the options in milliseconds, under the name of the option. */
type WithTimeout<T> = Omit<T, 'timeoutMs'> & { readonly timeout?: number };

function addDeciding(program: Command, run: Run): void {
  program
    .command('inbox')
    .description('gates that wait for your decision')
    .action(() => run(async (session) => (await import('./commands/inbox.js')).inbox(session)));
  for (const decision of ['approve', 'reject'] as const) {
    program
      .command(decision)
      .description(`show what is asked at a gate, and ${decision} it`)
      .argument('<request>', 'id of the request')
      .option('--gate <name>', 'the gate; not needed where one alone is open')
      .option('--evidence <name=value>', 'evidence that the gate asks for; may be repeated', collected, [])
      .option('--comment <text>', 'your words, kept with the decision')
      .option('--plan <digest>', 'refuse when the plan is another one than this, which you read')
      .option('--yes', 'do not ask: for programs that have read the plan')
      .action((request: string, options: DecideOptions) =>
        run(async (session) =>
          (await import('./commands/decide.js')).decide(session, decision, request, options),
        ),
      );
  }
}

function addSteering(program: Command, run: Run): void {
  const steering = (name: Exclude<CommandName, 'rollback'>, description: string): Command =>
    program
      .command(name)
      .description(description)
      .argument('<request>', 'id of the request')
      .option('--idempotency-key <key>', 'the same key is the same command');
  for (const [name, description] of [
    ['pause', 'start no more clusters or places; those in flight go on to their end'],
    ['resume', 'go on after a pause'],
    ['cancel', 'finish the effects in hand, then stop for good'],
  ] as const) {
    steering(name, description).action((request: string, options: { idempotencyKey?: string }) =>
      run(async (session) =>
        (await import('./commands/steer.js')).steer(session, name, request, { targets: [], ...options }),
      ),
    );
  }
  for (const [name, description] of [
    ['retry', 'try failed clusters or places again from the step that failed'],
    ['accept', 'go on after a check that could not say: you have looked yourself'],
    ['skip', 'give failed clusters or places up, so that the request can end'],
  ] as const) {
    steering(name, description)
      .option('--cluster <name/stage...>', 'of a fleet, only these')
      .option('--place <place...>', 'of a promotion, only these')
      .action(async (request: string, options: TargetOptions, command: Command) => {
        const { cluster = [], place = [], ...rest } = options;
        const targets = [...cluster, ...place];
        // to retry all that failed is safe; to give all of it up is not
        if (name === 'skip' && targets.length === 0) {
          command.error(
            "error: required option '--cluster <name/stage...>' or '--place <place...>' is missing",
          );
        }
        await run(async (session) =>
          (await import('./commands/steer.js')).steer(session, name, request, { targets, ...rest }),
        );
      });
  }
  program
    .command('revoke')
    .description('end what a request may do, at once: no further effect is made, whatever its workflow does')
    .argument('<request>', 'id of the request')
    .option('--yes', 'do not ask')
    .action((request: string, options: { yes?: boolean }) =>
      run(async (session) => (await import('./commands/revoke.js')).revoke(session, request, options)),
    );
}

interface TargetOptions {
  readonly cluster?: readonly string[];
  readonly place?: readonly string[];
  readonly idempotencyKey?: string;
}

function addEvidence(program: Command, run: Run): void {
  program
    .command('evidence')
    .description('write the record of a request into a file that verifies offline')
    .argument('<request>', 'id of the request')
    .requiredOption('-o, --output <path>', 'file to write, or - for standard output')
    .option('--force', 'overwrite the file')
    .action((request: string, options: { output: string; force?: boolean }) =>
      run(async (session) => (await import('./commands/evidence.js')).evidence(session, request, options)),
    );
  program
    .command('verify')
    .description('verify evidence offline: no Gatehouse, no database, no Temporal')
    .argument('<file>', 'what "gatehouse evidence" wrote')
    .requiredOption('--keys <ring>', 'public keys that you pinned before')
    .option('--checkpoint <file>', 'a checkpoint that you kept yourself; may be repeated', collected, [])
    .action((file: string, options: { keys: string; checkpoint: readonly string[] }) =>
      run(async (session) => (await import('./commands/verify.js')).verify(session, file, options)),
    );
}

function addInstalling(program: Command, run: Run): void {
  program
    .command('login')
    .description('sign in, and keep the access token in a file')
    .option('--issuer <url>', 'OIDC provider; default: that of the installation')
    .option('--client-id <id>', 'client id of this command there')
    .option('--resource <uri>', 'the API whose token is wanted, for providers that ask for it')
    .option('--scope <scopes>', 'scopes to ask for', 'openid profile email groups')
    .option(
      '--port <number>',
      'port of this machine to come back to; default: a free one',
      wholeOption(0, 65_535),
      0,
    )
    .option('--device', 'by a code that you type on another device: for machines without a browser')
    .option('--no-browser', 'only show the address')
    .action((options: LoginOptions) =>
      run(async (session) => (await import('./commands/login.js')).login(session, options)),
    );
  program
    .command('logout')
    .description('end the session, and delete the access token of this machine')
    .action(() => run(async (session) => (await import('./commands/logout.js')).logout(session)));
  program
    .command('whoami')
    .description('who you are to Gatehouse, and what you may do')
    .action(() => run(async (session) => (await import('./commands/whoami.js')).whoami(session)));
  program
    .command('open')
    .description('open the page of a request, or what waits for you, in the browser')
    .argument('[request]', 'id of the request')
    .action((request: string | undefined) =>
      run(async (session) => (await import('./commands/open.js')).open(session, request)),
    );
  program
    .command('doctor')
    .description('check installation, keys, ledger, Temporal, systems, clocks; says what to do')
    .action(() => run(async (session) => (await import('./commands/doctor.js')).doctor(session)));
  program
    .command('migrate')
    .description(
      "make the ledger's logins and bring its schema up to date (DATABASE_URL, GATEHOUSE_ROLE_PASSWORDS)",
    )
    .action(() => run(async (session) => (await import('./commands/migrate.js')).migrate(session)));
  program
    .command('setup-temporal')
    .description('make the namespace and its search attributes (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, …)')
    .option('--retention-days <days>', 'of a namespace that is created', wholeOption(1, 365))
    .action(({ retentionDays }: { retentionDays?: number }) =>
      run(async (session) =>
        (await import('./commands/setup-temporal.js')).setUpTemporal(session, retentionDays),
      ),
    );
  program
    .command('set-current-version')
    .description('step of a deployment: workflows run on this build from now on; only forward')
    .argument('[build-id]', 'default: GATEHOUSE_BUILD_ID')
    .option('--back', 'also to an older build than the current one')
    .action((buildId: string | undefined, options: { back?: boolean }) =>
      run(async (session) =>
        (await import('./commands/set-current-version.js')).setCurrentVersion(session, buildId, options),
      ),
    );
  addKeys(program, run);
  program
    .command('completion')
    .description(
      'what a shell reads to complete commands and options, e.g. source <(gatehouse completion bash)',
    )
    .addArgument(new Argument('<shell>', 'which one').choices(SHELL_NAMES))
    .action((shell: Shell) =>
      run(async (session) => (await import('./commands/completion.js')).completion(session, program, shell)),
    );
  addVersion(program, run);
}

function addKeys(program: Command, run: Run): void {
  const keys = program.command('keys').description('make, show and revoke keys');
  keys
    .command('generate')
    .description('make every key of a new installation; overwrites nothing')
    .argument('<folder>', 'where to write them')
    .action((folder: string) =>
      run(async (session) => (await import('./commands/keys.js')).generateKeys(session, folder)),
    );
  keys
    .command('describe')
    .description('show the public keys of a ring')
    .argument('<ring>', 'the ring, or the folder that "generate" made')
    .action((ring: string) =>
      run(async (session) => (await import('./commands/keys.js')).describeKeys(session, ring)),
    );
  keys
    .command('revoke')
    .description('revoke a key in the ledger, from now on and for ever (GATEHOUSE_LEDGER_URL of the API)')
    .argument('<kid>', 'id of the key')
    .requiredOption('--keys <ring>', 'the ring that holds it')
    .option('--yes', 'do not ask')
    .action((kid: string, options: { keys: string; yes?: boolean }) =>
      run(async (session) => (await import('./commands/keys.js')).revokeKey(session, kid, options)),
    );
}
