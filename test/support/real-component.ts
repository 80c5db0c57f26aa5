import type { TestContext } from 'vitest';
import { reportSystem } from './report.js';

/**
 * A variable by which a real component is found. Where the component is not there, the test counts as not run, with the
 * reason in the summary.
 * @param component name in sandbox/real/components.ts, e.g. `openbao`
 * @param variable e.g. `OPENBAO_ADDR`
 */
export function realComponent(
  context: Pick<TestContext, 'skip'>,
  component: string,
  variable: string,
): string {
  const value = process.env[variable];
  if (value === undefined || value === '') {
    return context.skip(
      process.env[reasonVariable(component)] ?? `${variable} is not set: use npm run test:real`,
    );
  }
  reportSystem(component, 'real', process.env[descriptionVariable(component)]);
  return value;
}

/** Where `npm run test:real` says why a component is not there. */
export function reasonVariable(component: string): string {
  return `GATEHOUSE_WITHOUT_${upper(component)}`;
}

/** Where `npm run test:real` says what the component is. */
export function descriptionVariable(component: string): string {
  return `GATEHOUSE_WITH_${upper(component)}`;
}

const upper = (name: string) => name.toUpperCase().replaceAll('-', '_');
