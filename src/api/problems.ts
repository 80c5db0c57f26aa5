/** Refusals and failures as `application/problem+json` (source: RFC 9457), each with a remedy. */
import { type Static, Type } from 'typebox';

/** One wrong thing in what was sent. */
const FaultSchema = Type.Object(
  {
    /** where: a path in the body, or `file:line:column` of a manifest */
    place: Type.String(),
    message: Type.String(),
  },
  { additionalProperties: false },
);

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'stable name of the problem, a URN' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.String({ description: 'path of the call, and the id under which the log knows it' }),
    remedy: Type.String({ description: 'what to do next' }),
    faults: Type.Optional(Type.Array(FaultSchema)),
    requestId: Type.Optional(Type.String({ description: 'the request that is in the way' })),
    current: Type.Optional(
      Type.Object(
        { epoch: Type.Integer(), planDigest: Type.String(), state: Type.String() },
        { additionalProperties: false, description: 'what is asked now' },
      ),
    ),
  },
  { additionalProperties: false },
);

export type Fault = Static<typeof FaultSchema>;
export type ProblemBody = Static<typeof ProblemSchema>;

interface Kind {
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
}

/** Every problem that the API tells of. */
export const PROBLEMS = {
  malformed: {
    status: 400,
    title: 'The call is not of its shape',
    remedy: 'Correct what `faults` names and send it again.',
  },
  unauthenticated: {
    status: 401,
    title: 'Nobody is signed in',
    remedy: 'Send an access token (Authorization: Bearer), or sign in on the page.',
  },
  forbidden: {
    status: 403,
    title: 'Not allowed',
    remedy: 'Ask an administrator for the role that this needs.',
  },
  'foreign-origin': {
    status: 403,
    title: 'The call does not come from the page',
    remedy: 'Open the page and do it there.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing here for you',
    remedy: 'Check the address. What you may not see looks the same as what does not exist.',
  },
  'wrong-method': {
    status: 405,
    title: 'Not by this method',
    remedy: 'Use a method that the header Allow names.',
  },
  'open-request': {
    status: 409,
    title: 'Another request for this is open',
    remedy: 'Wait for it, or cancel it first.',
  },
  ended: { status: 409, title: 'The request has ended', remedy: 'Ask anew if it is still wanted.' },
  'gate-closed': {
    status: 409,
    title: 'The gate does not wait for a decision',
    remedy: 'Read the request again.',
  },
  outdated: {
    status: 409,
    title: 'What is asked has changed',
    remedy: 'Read what is asked now, then decide on that.',
  },
  'already-decided': {
    status: 409,
    title: 'You have decided here already',
    remedy: 'One person decides once per gate. If it was a mistake, ask an operator to cancel the request.',
  },
  unsound: {
    status: 409,
    title: 'The ledger contradicts itself',
    remedy: 'Nothing is decided on it. An alarm is raised: ask an operator to verify the chain.',
  },
  'command-refused': {
    status: 409,
    title: 'The workflow refused the command',
    remedy: 'Read the status of the request.',
  },
  'too-large': { status: 413, title: 'Too large', remedy: 'Send less: split the fleet.' },
  'too-slow': {
    status: 408,
    title: 'The call did not come to its end in time',
    remedy: 'Send it again, in one go.',
  },
  'address-too-long': {
    status: 414,
    title: 'The address is too long',
    remedy: 'Check the ids in it, or narrow the list with fewer words.',
  },
  'headers-too-large': {
    status: 431,
    title: 'Address and headers are too large',
    remedy: 'Send fewer or shorter headers, or delete the cookies of this address.',
  },
  'unsupported-media-type': { status: 415, title: 'Not JSON', remedy: 'Send application/json.' },
  'invalid-manifest': {
    status: 422,
    title: 'The manifest cannot be used',
    remedy: 'Correct what `faults` names; `gatehouse plan -f` shows the same faults.',
  },
  'invalid-evidence': {
    status: 422,
    title: 'The evidence does not suffice',
    remedy: 'Give what `faults` names.',
  },
  'key-reused': {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    remedy: 'Send a new key.',
  },
  'no-source': {
    status: 422,
    title: 'The manifest cannot be read from Git',
    remedy: 'Check project, path and commit, or send the manifest itself.',
  },
  'no-promotions': {
    status: 404,
    title: 'This installation promotes nothing',
    remedy: 'Ask an administrator to install a Path (files.paths of the installation).',
  },
  'no-policy': { status: 422, title: 'No policy governs this', remedy: 'Ask an administrator for a policy.' },
  'not-a-person': { status: 403, title: 'Machines never decide', remedy: 'Sign in as a person.' },
  'four-eyes': { status: 403, title: 'Four eyes', remedy: 'Somebody else of the group must decide.' },
  'not-an-approver': {
    status: 403,
    title: 'Not an approver of this gate',
    remedy: 'Ask a member of the group that decides here.',
  },
  'login-too-old': {
    status: 403,
    title: 'The login is too old for this gate',
    remedy: 'Sign in again, then decide.',
  },
  'too-many-calls': { status: 429, title: 'Too many calls', remedy: 'Wait as long as Retry-After says.' },
  internal: {
    status: 500,
    title: 'Gatehouse failed',
    remedy: 'Try again; if it stays, give an operator the instance.',
  },
  unavailable: {
    status: 503,
    title: 'Something that this needs does not answer',
    remedy: 'Nothing is lost: send it again, with the same Idempotency-Key.',
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type ProblemName = keyof typeof PROBLEMS;

/** Refusals that are kept in the ledger. `not-found` joins them when the request exists and the caller may not see it. */
export const AUDITED: ReadonlySet<ProblemName> = new Set<ProblemName>([
  'unauthenticated',
  'forbidden',
  'foreign-origin',
  'not-a-person',
  'four-eyes',
  'not-an-approver',
  'login-too-old',
  'outdated',
  'already-decided',
  'invalid-evidence',
]);

export interface ProblemExtras {
  readonly remedy?: string;
  readonly faults?: readonly Fault[];
  readonly requestId?: string;
  readonly current?: { readonly epoch: number; readonly planDigest: string; readonly state: string };
}

/** Thrown by handlers; the error plugin answers it, and audits it when it is a refusal. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly problem: ProblemName;
  readonly statusCode: number;
  readonly extras: ProblemExtras;

  constructor(problem: ProblemName, detail: string, extras: ProblemExtras = {}) {
    super(detail);
    this.problem = problem;
    this.statusCode = PROBLEMS[problem].status;
    this.extras = extras;
  }
}

/** The body of a problem. @param instance path of the call and its id in the log */
export function problemBody(
  problem: ProblemName,
  detail: string,
  instance: string,
  extras: ProblemExtras = {},
): ProblemBody {
  const kind = PROBLEMS[problem];
  return {
    type: `urn:gatehouse:problem:${problem}`,
    title: kind.title,
    status: kind.status,
    detail,
    instance,
    remedy: extras.remedy ?? kind.remedy,
    ...(extras.faults === undefined ? {} : { faults: [...extras.faults] }),
    ...(extras.requestId === undefined ? {} : { requestId: extras.requestId }),
    ...(extras.current === undefined ? {} : { current: extras.current }),
  };
}
