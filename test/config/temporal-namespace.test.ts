import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BootstrapError, bootstrapNamespace } from '../../src/config/temporal-namespace.js';
import { SEARCH_ATTRIBUTES } from '../../src/domain/search-attributes.js';
import { sharedTemporal, uniqueName } from '../support/stack.js';

const NAMES = Object.values(SEARCH_ATTRIBUTES).map(({ name }) => name);
let connection: Connection;

beforeAll(async () => {
  const { address } = await sharedTemporal();
  connection = await Connection.connect({ address });
});

afterAll(() => connection?.close());

test('a new namespace gets its search attributes and can be used at once; the second time nothing is done', async () => {
  const namespace = uniqueName('bootstrap');

  const first = await bootstrapNamespace(connection, { namespace, retentionDays: 3 });
  expect(first).toEqual({ namespaceCreated: true, searchAttributesAdded: NAMES });

  const described = await connection.workflowService.describeNamespace({ namespace });
  expect(Number(described.config?.workflowExecutionRetentionTtl?.seconds)).toBe(3 * 86_400);

  const client = new Client({ connection, namespace });
  const { count } = await client.workflow.count(`${SEARCH_ATTRIBUTES.request.name} = 'req-1'`);
  expect(count).toBe(0);

  const second = await bootstrapNamespace(connection, { namespace, retentionDays: 9 });
  expect(second).toEqual({ namespaceCreated: false, searchAttributesAdded: [] });
  const again = await connection.workflowService.describeNamespace({ namespace });
  expect(Number(again.config?.workflowExecutionRetentionTtl?.seconds)).toBe(3 * 86_400);
});

test('only what is missing is added, and an attribute of another type is refused by name', async () => {
  const namespace = uniqueName('bootstrap');
  await bootstrapNamespace(connection, { namespace, retentionDays: 1 });
  const { stage } = SEARCH_ATTRIBUTES;
  await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: [stage.name] });
  await expect
    .poll(() => bootstrapNamespace(connection, { namespace, retentionDays: 1 }), { timeout: 20_000 })
    .toEqual({ namespaceCreated: false, searchAttributesAdded: [stage.name] });

  const INT = 3;
  const other = uniqueName('bootstrap');
  await connection.workflowService.registerNamespace({
    namespace: other,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  await expect
    .poll(() =>
      connection.operatorService
        .addSearchAttributes({ namespace: other, searchAttributes: { [stage.name]: INT } })
        .then(() => 'added'),
    )
    .toBe('added');
  const refused = bootstrapNamespace(connection, { namespace: other, retentionDays: 1 });
  await expect(refused).rejects.toThrow(BootstrapError);
  await expect(refused).rejects.toThrow(stage.name);
});
