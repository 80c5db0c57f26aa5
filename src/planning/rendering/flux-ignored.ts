/**
 * Files that Flux leaves out of what it reads of a repository (source: fluxcd/pkg sourceignore, and the Generator of
 * fluxcd/pkg kustomize). `spec.ignore` of a GitRepository, which replaces both lists, stands in a cluster and is not seen here.
 */
import ignore from 'ignore';
import { directoryOf, type FileSet, isWithin } from '../../domain/file-set.js';

export const IGNORE_FILE = '.sourceignore';

/** What Flux leaves out by itself. */
const BY_ITSELF = [
  '.git/',
  '.gitignore',
  '.gitmodules',
  '.gitattributes',
  ...['*.jpg', '*.jpeg', '*.gif', '*.png', '*.wmv', '*.flv', '*.tar.gz', '*.zip'],
  '.github/',
  '.circleci/',
  '.travis.yml',
  '.gitlab-ci.yml',
  'appveyor.yml',
  '.drone.yml',
  'cloudbuild.yaml',
  'codeship-services.yml',
  'codeship-steps.yml',
  '**/.goreleaser.yml',
  '**/.sops.yaml',
  '**/.flux.yaml',
];

/** @param files by path in the repository; `.sourceignore` of any directory counts for what is below it */
export function withoutIgnored(files: FileSet): FileSet {
  const lists = [...files]
    .filter(([path]) => path === IGNORE_FILE || path.endsWith(`/${IGNORE_FILE}`))
    .map(([path, text]) => ({ directory: directoryOf(path), rules: ignore().add(text) }));
  const own = ignore().add(BY_ITSELF);
  return new Map(
    [...files].filter(
      ([path]) =>
        !own.ignores(path) &&
        !lists.some(({ directory, rules }) => {
          const below = isWithin(directory, path)
            ? path.slice(directory === '' ? 0 : directory.length + 1)
            : '';
          return below !== '' && rules.ignores(below);
        }),
    ),
  );
}

/** Where such a file may stand that counts for a directory: in it, and in each one above. */
export function ignoreFilesFor(directory: string): readonly string[] {
  const steps = directory === '' ? [] : directory.split('/');
  return steps
    .map((_, index) => steps.slice(0, index).join('/'))
    .map((at) => (at === '' ? IGNORE_FILE : `${at}/${IGNORE_FILE}`));
}
