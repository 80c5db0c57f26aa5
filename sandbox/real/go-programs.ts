import type { GoProgram } from '../stack/go-build.js';

export const KUBERNETES_VERSION = '1.37.1';
export const ARGOCD_VERSION = '3.5.7';
export const FLUX_VERSION = '1.9.5';

/** Clients refuse a server whose version is the placeholder of the source tree, so the linker sets it. */
const kubernetesFlags = (() => {
  const variable = 'k8s.io/component-base/version';
  const [major, minor] = KUBERNETES_VERSION.split('.');
  return `-X ${variable}.gitVersion=v${KUBERNETES_VERSION} -X ${variable}.gitMajor=${major} -X ${variable}.gitMinor=${minor}`;
})();

/** Argo CD's repo-server runs it from the PATH. */
export const KUSTOMIZE: GoProgram = {
  name: 'kustomize',
  recipe: 'kustomize',
  packagePath: 'sigs.k8s.io/kustomize/kustomize/v5',
};

/** Argo CD's repo-server runs it from the PATH. */
export const HELM: GoProgram = {
  name: 'helm',
  recipe: 'helm',
  packagePath: 'helm.sh/helm/v3/cmd/helm',
};

export const KUBE_APISERVER: GoProgram = {
  name: 'kube-apiserver',
  recipe: 'kubernetes',
  packagePath: 'k8s.io/kubernetes/cmd/kube-apiserver',
  ldflags: kubernetesFlags,
};

export const KUBE_CONTROLLER_MANAGER: GoProgram = {
  name: 'kube-controller-manager',
  recipe: 'kubernetes',
  packagePath: 'k8s.io/kubernetes/cmd/kube-controller-manager',
  ldflags: kubernetesFlags,
};

/** Application controller, repo-server and API server: one binary, told apart by `ARGOCD_BINARY_NAME`. */
export const ARGOCD: GoProgram = {
  name: 'argocd',
  recipe: 'argocd',
  packagePath: 'github.com/argoproj/argo-cd/v3/cmd',
  ldflags: `-X github.com/argoproj/argo-cd/v3/common.version=${ARGOCD_VERSION}`,
};

export const SOURCE_CONTROLLER: GoProgram = {
  name: 'source-controller',
  recipe: 'source-controller',
  packagePath: 'github.com/fluxcd/source-controller',
};

export const KUSTOMIZE_CONTROLLER: GoProgram = {
  name: 'kustomize-controller',
  recipe: 'kustomize-controller',
  packagePath: 'github.com/fluxcd/kustomize-controller',
};
