# One image for all processes of Gatehouse; what it runs is said by the command (see docker-compose.yml).
FROM node:24.22-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image has its Node: the one for checkouts on older machines goes.
RUN npm ci --omit=dev && rm -rf node_modules/node-linux-* node_modules/.bin/node
# The Temporal SDK ships its native part for five platforms, about 30 MB each: keep the one that this image runs on.
RUN case "$(node -p process.arch)" in x64) keep=x86_64 ;; arm64) keep=aarch64 ;; *) echo "No Temporal SDK for this processor" >&2; exit 1 ;; esac \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "${keep}-unknown-linux-gnu" -exec rm -r {} +

# kustomize and Helm render what a promotion changes, in the versions that the tests use.
FROM golang:1.26.4-bookworm AS renderers
ENV CGO_ENABLED=0 GOFLAGS=-mod=readonly
COPY third_party/builds/kustomize /builds/kustomize
RUN cd /builds/kustomize && go build -ldflags='-s -w' -o /usr/local/bin/kustomize sigs.k8s.io/kustomize/kustomize/v5
COPY third_party/builds/helm /builds/helm
RUN cd /builds/helm && go build -ldflags='-s -w' -o /usr/local/bin/helm helm.sh/helm/v3/cmd/helm

FROM node:24.22-bookworm-slim
# ca-certificates: the native part of the Temporal SDK uses the certificates of the system.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production
COPY --from=packages /app/node_modules node_modules
COPY --from=renderers /usr/local/bin/kustomize /usr/local/bin/helm /usr/local/bin/
COPY package.json tsconfig.json ./
COPY src src
# Schemas that manifests are checked against before a promotion.
COPY third_party/specs/crds third_party/specs/crds
RUN node --import tsx src/build/build-main.ts dist
ENV GATEHOUSE_WORKFLOW_BUNDLE=/app/dist/workflows.js
COPY web web
COPY deploy/entrypoint.sh deploy/gatehouse.sh deploy/healthcheck.mjs deploy/
# For operators: docker compose exec api gatehouse doctor
RUN ln -s /app/deploy/gatehouse.sh /usr/local/bin/gatehouse
# Numbers and not a name, so that Kubernetes can check that it is not root.
USER 1000:1000
ENTRYPOINT ["/app/deploy/entrypoint.sh"]
CMD ["node", "--enable-source-maps", "dist/api.mjs"]
