import type { World } from '../world.js';

/**
 * The values file of one cluster as people leave them behind: comments, odd spacing, keys of others. No credentials yet.
 */
export function valuesFile(cluster: World['clusters'][number]): string {
  return [
    `# Otterize on ${cluster.name}, stage ${cluster.stage}.   Owner: platform team`,
    '# Ask in the channel before you change anything below "global".',
    'global:',
    '  otterizeCloud:',
    '    # where the operators report to',
    '    apiAddress:   https://app.otterize.com/api',
    '    credentials:   # filled in at onboarding',
    '      clientId: ""',
    '',
    'intentsOperator:',
    '    resources:   {requests: {cpu: 10m, memory: 64Mi}}   # measured in spring',
    'networkMapper:',
    '    debug:    false',
    `    clusterName: "${cluster.name}"`,
    '',
  ].join('\n');
}

function chartFile(): string {
  return [
    'apiVersion: v2',
    'name: otterize',
    'version: 1.0.0',
    'dependencies:',
    '  - name: otterize-kubernetes',
    '    version: 5.0.87',
    '    repository: https://helm.otterize.com',
    '',
  ].join('\n');
}

/** Files of `platform/clusters` at the start. */
export function clusterFiles(world: World): Record<string, string> {
  const files: Record<string, string> = {
    'README.md': '# Clusters\n\nOne folder per cluster and stage; Argo CD watches them.\n',
  };
  for (const cluster of world.clusters) {
    files[`${cluster.path}/otterize.yaml`] = valuesFile(cluster);
    files[`${cluster.path}/Chart.yaml`] = chartFile();
  }
  return files;
}

/** Files of `platform/fleets` at the start: the fleet of all clusters of the world. */
export function fleetFiles(world: World): Record<string, string> {
  const team = world.groups.find((group) => group.name === 'platform-team')?.id ?? '';
  const text = [
    'apiVersion: gatehouse/v1',
    'kind: Fleet',
    'metadata: {name: otterize}',
    'spec:',
    '  service: otterize',
    '  defaults:',
    '    vault: kv-{cluster}-{stage}',
    '    values: {project: platform/clusters, file: "{cluster}/{stage}/otterize.yaml"}',
    '    application: "{cluster}-{stage}-otterize"',
    '    labels: {team: platform}',
    `    invite: {domain: ${world.domain}, people: [ada@${world.domain}], groups: [${team}]}`,
    '  clusters:',
    ...world.clusters.map((cluster) => `    - {name: ${cluster.name}, stage: ${cluster.stage}}`),
    '',
  ].join('\n');
  return { 'otterize.yaml': text };
}
