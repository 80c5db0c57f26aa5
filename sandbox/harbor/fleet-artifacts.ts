/** The chart that Flux promotions are tried with: a cache with an image of its own, of the chart's version. */
import type { ChartFiles } from './artifact-content.js';

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: 1
  selector:
    matchLabels:
      app: {{ .Release.Name }}
  template:
    metadata:
      labels:
        app: {{ .Release.Name }}
    spec:
      containers:
        - name: cache
          image: {{ .Values.image }}:{{ .Chart.AppVersion }}
          resources:
            limits:
              memory: {{ .Values.memory }}
`;

/** @param image without tag */
export function cacheChart(image: string): ChartFiles {
  return { values: `image: ${image}\nmemory: 32Mi\n`, templates: { 'deployment.yaml': DEPLOYMENT } };
}
