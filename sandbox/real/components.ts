import type { RealComponent } from './component.js';
import { OPENBAO } from './openbao.js';

/**
 * The real components of `npm run test:real`, those without a build first. To add one: a file beside `openbao.ts`, a line
 * here, its pins in third_party/builds, its tests in test/real.
 */
export const COMPONENTS: readonly RealComponent[] = [OPENBAO];
