import { ARGOCD_COMPONENT } from './argocd.js';
import type { RealComponent } from './component.js';
import { FLUX_COMPONENT } from './flux.js';
import { KUBERNETES } from './kubernetes.js';
import { OPENBAO } from './openbao.js';
import { REGISTRY_COMPONENT } from './registry.js';

/**
 * The real components of `npm run test:real`, those without a build first. To add one: a file beside `openbao.ts`, a line
 * here, its pins in third_party/builds, its tests in test/real.
 */
export const COMPONENTS: readonly RealComponent[] = [
  OPENBAO,
  REGISTRY_COMPONENT,
  KUBERNETES,
  ARGOCD_COMPONENT,
  FLUX_COMPONENT,
];
