/** The workflow bundle. */
export { clusterOnboarding } from './onboarding/cluster.js';
export { fleetOnboarding } from './onboarding/fleet.js';
