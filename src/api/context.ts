/** What routes share, built once from the dependencies. */
import type { Commanding } from './commands.js';
import type { Deciding } from './decisions.js';
import type { Holds } from './holds.js';
import type { Inbox } from './inbox.js';
import type { Intake } from './intake/intake.js';
import type { ApiDependencies } from './ports.js';
import type { ProgressFeed } from './progress-feed.js';
import type { RefusalAudit } from './refusal-audit.js';
import type { RequestReader } from './request-reader.js';
import type { Roles } from './roles.js';
import type { Sessions } from './sign-in/sessions.js';

export interface ApiContext {
  readonly deps: ApiDependencies;
  readonly roles: Roles;
  readonly reader: RequestReader;
  readonly intake: Intake;
  readonly deciding: Deciding;
  readonly commanding: Commanding;
  readonly inbox: Inbox;
  readonly holds: Holds;
  readonly feed: ProgressFeed;
  readonly audit: RefusalAudit;
  /** absent: nobody signs in with the page */
  readonly sessions: Sessions | undefined;
}
