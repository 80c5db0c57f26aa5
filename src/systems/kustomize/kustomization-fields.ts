/**
 * The fields of a kustomization, and which of them name something to be read (source: kustomize 5.8.1,
 * api/types/kustomization.go and internal/builtins). What is not in here is refused, so that a field which a later version
 * brings cannot read or run anything unseen.
 */

/** Entries are files or directories with a kustomization of their own. */
export const SOURCES = ['resources', 'bases'] as const;
/** Entries are directories. */
export const DIRECTORIES = ['components'] as const;
/** Entries are files. */
export const FILES = ['crds', 'configurations'] as const;
/** Entries are files or inline documents that configure a transformer or generator. */
export const PLUGINS = ['generators', 'transformers', 'validators'] as const;
/** Entries are files or inline patches. */
export const PATCH_TEXTS = ['patchesStrategicMerge'] as const;
/** Entries are maps whose `path` names a file. */
export const WITH_PATH = ['patches', 'patchesJson6902', 'replacements'] as const;
/** Entries are maps whose `files`, `envs` and `env` name files. */
export const WITH_FILES = ['configMapGenerator', 'secretGenerator'] as const;
/** Would fetch and render charts. */
export const CHARTS = ['helmCharts', 'helmGlobals', 'helmChartInflationGenerator'] as const;

/** Fields that name nothing outside of the kustomization. */
const PLAIN = [
  'apiVersion',
  'kind',
  'metadata',
  'openapi',
  'namePrefix',
  'nameSuffix',
  'namespace',
  'commonLabels',
  'labels',
  'commonAnnotations',
  'images',
  'imageTags',
  'replicas',
  'vars',
  'sortOptions',
  'generatorOptions',
  'buildMetadata',
] as const;

export const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...SOURCES,
  ...DIRECTORIES,
  ...FILES,
  ...PLUGINS,
  ...PATCH_TEXTS,
  ...WITH_PATH,
  ...WITH_FILES,
  ...CHARTS,
  ...PLAIN,
]);

/** Keys of entries that name files; in another case kustomize would read them all the same. */
export const FILE_KEYS: ReadonlySet<string> = new Set([
  'path',
  'paths',
  'files',
  'envs',
  'env',
  'targetfilepath',
]);

/** Transformers and generators that are part of kustomize and run nothing. */
export const HARMLESS_PLUGINS: ReadonlySet<string> = new Set([
  'AnnotationsTransformer',
  'ConfigMapGenerator',
  'HashTransformer',
  'IAMPolicyGenerator',
  'ImageTagTransformer',
  'LabelTransformer',
  'NamespaceTransformer',
  'PatchJson6902Transformer',
  'PatchStrategicMergeTransformer',
  'PatchTransformer',
  'PrefixSuffixTransformer',
  'PrefixTransformer',
  'ReplacementTransformer',
  'ReplicaCountTransformer',
  'SecretGenerator',
  'SortOrderTransformer',
  'SuffixTransformer',
]);
