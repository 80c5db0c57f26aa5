/**
 * Who may import whom in src (see CONTRIBUTING.md). Each folder of src has one line in ALLOWED; what is not in its line
 * is refused. `npm run check` runs this, and test/scripts/import-rules.test.ts shows that each rule bites.
 */
const ALLOWED = {
  domain: [],
  workflows: ['domain'],
  systems: ['domain', 'config'],
  ledger: ['domain', 'security', 'config'],
  security: ['domain', 'config'],
  manifests: ['domain', 'security', 'config'],
  delivery: ['domain', 'systems'],
  planning: ['domain', 'systems', 'delivery', 'manifests', 'config'],
  activities: ['planning', 'delivery', 'systems', 'ledger', 'security', 'domain', 'config'],
  api: ['domain', 'ledger', 'security', 'manifests', 'config'],
  cli: ['domain', 'ledger', 'security', 'manifests', 'planning', 'delivery', 'systems', 'config'],
  config: ['domain'],
  build: ['worker', 'cli'],
};

/**
 * Single files that may import more than their folder, each with its reason: the API decides by the ledger alone, but the
 * person behind an account, a manifest in Git and a place for checkpoints are outside. One file asks there, with
 * credentials of its own that can change nothing but that place; everything else in the folder gets functions.
 */
const EXCEPTIONS = { 'src/api/facts.ts': ['systems'] };

/** `worker` has no line: it puts everything together, but the two that are processes of their own. */
const NOT_FROM_WORKER = ['api', 'cli'];

const folderRules = Object.entries(ALLOWED).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  severity: 'error',
  comment: `src/${folder} may import from src only: ${[folder, ...allowed].join(', ')}`,
  from: { path: `^src/${folder}/`, pathNot: Object.keys(EXCEPTIONS).map(exactly) },
  to: {
    path: '^src/',
    pathNot: [folder, ...allowed].map((name) => `^src/${name}/`),
    // Workflows know the types of activities, never their code: that would run inside the workflow sandbox.
    ...(folder === 'workflows' && { dependencyTypesNot: ['type-only'] }),
  },
}));

const exceptionRules = Object.entries(EXCEPTIONS).map(([file, more]) => {
  const folder = file.split('/')[1];
  const allowed = [folder, ...ALLOWED[folder], ...more];
  return {
    name: `${folder}-exception`,
    severity: 'error',
    comment: `${file} may import from src only: ${allowed.join(', ')}`,
    from: { path: exactly(file) },
    to: { path: '^src/', pathNot: allowed.map((name) => `^src/${name}/`) },
  };
});

/** A pattern for one file. */
function exactly(file) {
  return `^${file.replaceAll('.', '\\.')}$`;
}

module.exports = {
  forbidden: [
    ...folderRules,
    ...exceptionRules,
    {
      name: 'workflows-types',
      severity: 'error',
      comment: 'src/workflows may import types from activities and domain only',
      from: { path: '^src/workflows/' },
      to: { path: '^src/', pathNot: ['^src/workflows/', '^src/domain/', '^src/activities/'] },
    },
    {
      name: 'worker-imports',
      severity: 'error',
      comment: 'src/worker puts the parts of a worker together; API and command line are other processes',
      from: { path: '^src/worker/' },
      to: { path: `^src/(${NOT_FROM_WORKER.join('|')})/` },
    },
    {
      name: 'domain-is-pure',
      severity: 'error',
      comment:
        'src/domain uses no package and no Node built-in: it must run inside the workflow sandbox, and be testable alone',
      from: { path: '^src/domain/' },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
      },
    },
    {
      name: 'workflows-packages',
      severity: 'error',
      comment: 'src/workflows uses @temporalio/workflow and @temporalio/common only',
      from: { path: '^src/workflows/' },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
        pathNot: 'node_modules/@temporalio/(workflow|common)/',
      },
    },
    {
      name: 'systems-know-no-temporal',
      severity: 'error',
      comment: 'A client of a system is used without Temporal too (plan, doctor)',
      from: { path: '^src/(systems|planning|ledger|manifests)/' },
      to: { path: 'node_modules/@temporalio/' },
    },
    {
      name: 'sandbox-only-outside-src',
      severity: 'error',
      comment: 'The product must run without the stand-ins; only tests, bench and the demo import them',
      from: { path: '^src/' },
      to: { path: '^(sandbox|test|bench|scripts|web)/' },
    },
    {
      name: 'sandbox-knows-no-tests',
      severity: 'error',
      from: { path: '^sandbox/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: { path: '^(src|sandbox)/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-dev-packages-in-product',
      severity: 'error',
      comment: 'src is installed without development dependencies',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
