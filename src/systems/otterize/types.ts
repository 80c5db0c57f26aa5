/** What Otterize's objects look like to the rest of Gatehouse. No type here but `Credentials` holds a secret. */
import type { Secret } from '../secret.js';

export interface OrganizationRecord {
  readonly id: string;
  readonly name: string;
  /** made by the vendor */
  readonly uniqueName: string;
  /** RFC 3339; on several organisations of one name the oldest is the one */
  readonly created: string;
}

export type OtterizeRole = 'ADMIN' | 'VIEWER';
export type OtterizeInviteStatus = 'PENDING' | 'ACCEPTED';

export interface OtterizeInvite {
  readonly id: string;
  readonly email: string;
  readonly status: OtterizeInviteStatus;
  readonly role: OtterizeRole;
}

export interface OtterizeUser {
  readonly id: string;
  readonly email: string;
  readonly name: string;
}

export interface OtterizeEnvironment {
  readonly id: string;
  readonly name: string;
  /** a label without a value has the value `''` */
  readonly labels: Readonly<Record<string, string>>;
}

/** A Kubernetes integration, always without its credentials. */
export interface OtterizeIntegration {
  readonly id: string;
  readonly name: string;
  readonly environmentId?: string;
}

export interface OtterizeCredentials {
  readonly clientId: string;
  readonly clientSecret: Secret;
}

export type OtterizeComponent = 'intentsOperator' | 'credentialsOperator' | 'networkMapper';

export interface OtterizeComponentStatus {
  readonly component: OtterizeComponent;
  readonly status: 'NOT_INTEGRATED' | 'CONNECTED' | 'DISCONNECTED';
  /** RFC 3339; proof only when later than our deployment */
  readonly lastSeen?: string;
}
