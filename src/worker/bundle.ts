import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { CONVERTER_PATHS } from '../security/data-converter.js';

/** The file that exports all workflows. With its real ending: the bundler looks at the disk before it maps endings. */
export const WORKFLOWS_PATH = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));

/** Stands around every workflow. */
export const WORKFLOW_INTERCEPTORS = [
  fileURLToPath(new URL('../workflows/reserved-signals.ts', import.meta.url)),
];

/**
 * All workflows and the converters that they use, as one JavaScript file: made once for an image or a test run, where a
 * worker would otherwise make it at each start (about 4 s).
 * @returns the code, for a file that `workflowBundle: { codePath }` or `GATEHOUSE_WORKFLOW_BUNDLE` names
 */
export async function workflowBundleCode(): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: WORKFLOWS_PATH,
    workflowInterceptorModules: WORKFLOW_INTERCEPTORS,
    ...CONVERTER_PATHS,
    logger: new DefaultLogger('WARN'),
  });
  return code;
}
