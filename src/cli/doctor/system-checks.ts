/** Each configured system answers with its credential. Reads only. */
import type { Installation } from '../../config/installation.js';
import type { InventoryManifest, SecretStoreEntry } from '../../domain/manifest.js';
import type { SecretStoreTarget } from '../../domain/request.js';
import { secretStoreTarget } from '../../manifests/expand.js';
import { type InstalledSystems, installedSystems } from '../../systems/installed.js';
import { KubernetesClient } from '../../systems/kubernetes/client.js';
import { type Finding, find } from './finding.js';

/** Calls side by side: bounded, so that a look does not use up a vendor's rate limit. */
const AT_ONCE = 8;
/** Names that one line shows. */
const SHOWN = 3;

export async function systemChecks(
  installation: Installation,
  inventory: InventoryManifest,
): Promise<readonly Finding[]> {
  const made: { systems?: ReturnType<typeof installedSystems> } = {};
  const ready = await find('systems', 'credentials', async () => {
    made.systems = installedSystems(installation);
    return 'all files are there';
  });
  const { systems } = made;
  if (systems === undefined) return [ready];
  return Promise.all([
    find('systems', 'Otterize', async () => `signed in as ${(await systems.otterize.ping()).email}`),
    find('systems', 'Directory', async () => {
      await systems.directory.ping();
      return 'answers';
    }),
    find('systems', 'GitLab', async () => `version ${await systems.gitlab.ping()}`),
    pingAll(
      'Kubernetes',
      [...systems.connections].map(([name, connection]) => ({
        name,
        ping: async () => new KubernetesClient({ system: 'kubernetes', connection }).version(),
      })),
    ),
    ...inventory.spec.secretStores.map((entry) =>
      pingAll(
        entry.name,
        storesOf(entry, inventory).map((target) => ({
          name: target.name,
          ping: async () => systems.secretStoreOf(target).ping(),
        })),
      ),
    ),
    ...promotionChecks(installation, systems.promotion),
  ]);
}

/** Systems that only promotions need, as far as they are configured. */
function promotionChecks(
  { systems }: Installation,
  { registry, harbor, changeRecords, prometheus }: InstalledSystems['promotion'],
): readonly Promise<Finding>[] {
  const answers = (subject: string, ask: (() => Promise<unknown>) | undefined): Promise<Finding>[] =>
    ask === undefined
      ? []
      : [
          find('systems', subject, async () => {
            await ask();
            return 'answers';
          }),
        ];
  return [
    ...(registry === undefined
      ? []
      : [
          pingAll(
            'Registry',
            (systems.registry?.hosts ?? []).map(({ host }) => ({
              name: host,
              ping: async () => registry.ping(host),
            })),
          ),
        ]),
    ...answers('Harbor', harbor && (() => harbor.ping())),
    ...answers('ServiceNow', changeRecords && (() => changeRecords.ping())),
    ...answers('Prometheus', prometheus && (() => prometheus.query('vector(1)'))),
  ];
}

/** Every store that an entry of the inventory leads to, each once. */
function storesOf(entry: SecretStoreEntry, inventory: InventoryManifest): readonly SecretStoreTarget[] {
  const targets = inventory.spec.clusters.map((cluster) => secretStoreTarget(entry, cluster));
  return [
    ...new Map(targets.map((target) => [[target.url, target.mount, target.path].join(' '), target])).values(),
  ];
}

interface Member {
  readonly name: string;
  readonly ping: () => Promise<unknown>;
}

/**
 * Many of one kind as one line. None that answers is a fault; some that don't are a warning, because the inventory may list
 * what is not built yet.
 */
async function pingAll(subject: string, members: readonly Member[]): Promise<Finding> {
  const queue = [...members];
  const silent: Finding[] = [];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { name, ping } = next;
      const found = await find('systems', name, async () => {
        await ping();
        return 'answers';
      });
      if (found.state === 'fault') silent.push(found);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const answering = members.length - silent.length;
  const detail = `${answering} of ${members.length} answer`;
  if (silent.length === 0) return { area: 'systems', subject, state: 'ok', detail };
  const remedies = [...new Set(silent.flatMap(({ remedy }) => remedy ?? []))].slice(0, SHOWN);
  const more = silent.length - SHOWN;
  return {
    area: 'systems',
    subject,
    state: answering === 0 ? 'fault' : 'warning',
    detail: [
      detail,
      ...silent.slice(0, SHOWN).map((one) => `${one.subject}: ${one.detail}`),
      ...(more > 0 ? [`and ${more} more`] : []),
    ].join('\n'),
    ...(remedies.length === 0 ? {} : { remedy: remedies.join('\n') }),
  };
}
