/** The workflow bundle. */
export { clusterOnboarding } from './onboarding/cluster.js';
export { fleetOnboarding } from './onboarding/fleet.js';
export { placePromotion } from './promotion/place.js';
export { promotion } from './promotion/promotion.js';
export { shadowPromotion } from './promotion/shadow.js';
export { endNotice } from './requests/end-notice.js';
export { sentinel } from './sentinel/sentinel.js';
