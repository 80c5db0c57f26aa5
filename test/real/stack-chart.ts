/**
 * A chart in the place of the vendor's, which is not to be had without its registry: it takes the same values file, and
 * its one Deployment signs in with the same credentials (sandbox/real/otterize-pods.ts).
 */
import { STACK_DEPLOYMENT } from '../../sandbox/real/otterize-pods.js';

export const CHART_PATH = 'charts/otterize';

const CHART = `apiVersion: v2
name: otterize
version: 1.0.0
`;

// a pod is made anew when the client id changes; the Secret is read when it starts
const DEPLOYMENT = `{{- $credentials := .Values.global.otterizeCloud.credentials }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${STACK_DEPLOYMENT}
spec:
  replicas: 1
  selector: {matchLabels: {app: ${STACK_DEPLOYMENT}}}
  template:
    metadata: {labels: {app: ${STACK_DEPLOYMENT}}}
    spec:
      containers:
        - name: operators
          image: registry.example.com/otterize/operators:1
          env:
            - {name: CLIENT_ID, value: {{ $credentials.clientId | quote }}}
            - name: CLIENT_SECRET
              valueFrom: {secretKeyRef: {name: otterize-cloud, key: clientSecret}}
`;

/** Its files, for `platform/clusters`. */
export const CHART_FILES: Readonly<Record<string, string>> = {
  [`${CHART_PATH}/Chart.yaml`]: CHART,
  [`${CHART_PATH}/templates/operators.yaml`]: DEPLOYMENT,
};
