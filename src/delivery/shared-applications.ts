import type { Application } from '../systems/argocd/application.js';
import type { ApplicationReading, Applications } from '../systems/argocd/applications.js';
import { SharedReading, type SharingTimes } from './shared-reading.js';

/** What a watch asks of Argo CD's Applications. */
export type ApplicationReader = Pick<
  Applications,
  'read' | 'reading' | 'matching' | 'project' | 'requestRefresh'
>;

/** Applications of one namespace, read once for all who wait. Only readings are shared: each asks for its own comparison. */
export class SharedApplications implements ApplicationReader {
  readonly #applications: ApplicationReader;
  readonly #shared: SharedReading<Application>;

  constructor(applications: ApplicationReader, times?: SharingTimes) {
    this.#applications = applications;
    this.#shared = new SharedReading<Application>(
      {
        one: async (name) => {
          const { application, serverTime } = await applications.reading(name);
          return { object: application, serverTime };
        },
        all: async () => {
          const readings = await applications.matching('');
          const found = readings.flatMap(({ application }) => application ?? []);
          return {
            objects: new Map(found.map((application) => [application.metadata.name, application])),
            serverTime: readings[0]?.serverTime,
          };
        },
      },
      times,
    );
  }

  async read(name: string, signal?: AbortSignal): Promise<Application | null> {
    return (await this.reading(name, signal)).application;
  }

  async reading(name: string, signal?: AbortSignal): Promise<ApplicationReading> {
    const { object, serverTime } = await this.#shared.reading(name, signal);
    return { application: object, serverTime };
  }

  async matching(labelSelector: string, signal?: AbortSignal): Promise<readonly ApplicationReading[]> {
    return await this.#applications.matching(labelSelector, signal);
  }

  async project(...args: Parameters<ApplicationReader['project']>): ReturnType<ApplicationReader['project']> {
    return await this.#applications.project(...args);
  }

  async requestRefresh(
    ...args: Parameters<ApplicationReader['requestRefresh']>
  ): ReturnType<ApplicationReader['requestRefresh']> {
    try {
      return await this.#applications.requestRefresh(...args);
    } finally {
      this.#shared.changed(args[0]);
    }
  }
}
