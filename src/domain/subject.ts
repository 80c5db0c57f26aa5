/** What a request is about, in one line and in the fields of its kind. */
import type { RequestDocument } from './request.js';

export interface RequestSubject {
  readonly title: string;
  readonly service?: string;
  readonly fleet?: string;
  readonly application?: string;
  readonly environment?: string;
  readonly exception?: string;
}

/** For lists, letters and the page. */
export function subjectOf(request: RequestDocument): RequestSubject {
  if (request.kind === 'Fleet') {
    const { service, fleet, targets } = request.content;
    return {
      title: `${service} into ${targets.length} cluster${targets.length === 1 ? '' : 's'} of the fleet ${fleet}`,
      service,
      fleet,
    };
  }
  const { application, environment, exception } = request.content;
  return {
    title: `${application} to ${environment}${exception === undefined ? '' : ` (${exception})`}`,
    application,
    environment,
    ...(exception === undefined ? {} : { exception }),
  };
}
