import { relative, sep } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { inOrder } from '../../scripts/file-order.js';

/**
 * Begins the files of a run in the order of `inOrder`, with the seed of `npm test -- --seed`: those with a process of their
 * own first, then those that share one. vitest keeps a process for the next file only when that file's project shares it.
 */
export class FileSequencer extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const pathOf = ({ moduleId }: TestSpecification): string =>
      relative(process.cwd(), moduleId).split(sep).join('/');
    const order = inOrder([...new Set(files.map(pathOf))], Number(process.env.GATEHOUSE_TEST_SEED ?? '0'));
    const rank = new Map(order.map((path, index) => [path, index]));
    const rankOf = (file: TestSpecification): number => rank.get(pathOf(file)) ?? order.length;
    const shares = ({ project }: TestSpecification): number => (project.config.isolate ? 0 : 1);
    return Promise.resolve([...files].sort((a, b) => shares(a) - shares(b) || rankOf(a) - rankOf(b)));
  }
}
