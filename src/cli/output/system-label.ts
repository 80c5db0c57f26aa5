/** Names of systems as their vendors write them. */
import type { SystemName } from '../../domain/failure.js';

const LABELS: Readonly<Record<SystemName | 'gatehouse', string>> = {
  otterize: 'Otterize',
  directory: 'Directory',
  'key-vault': 'Key Vault',
  vault: 'Vault',
  gitlab: 'GitLab',
  kubernetes: 'Kubernetes',
  argocd: 'Argo CD',
  flux: 'Flux',
  registry: 'Registry',
  harbor: 'Harbor',
  kustomize: 'kustomize',
  helm: 'Helm',
  servicenow: 'ServiceNow',
  'http-check': 'HTTP check',
  prometheus: 'Prometheus',
  'external-secrets': 'External Secrets',
  notifications: 'Notifications',
  gatehouse: 'Gatehouse',
};

/** The label; a name that a newer API knows and this command does not stays as it is. */
export function systemLabel(system: string): string {
  return new Map<string, string>(Object.entries(LABELS)).get(system) ?? system;
}
