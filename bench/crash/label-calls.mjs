/**
 * Loaded into a worker process (`NODE_OPTIONS=--import …`), it tells the stand-ins who calls: every HTTP request carries
 * the workflow and the activity that make it. Nothing else changes, so a point of one run can be held while others go on.
 */
import { subscribe } from 'node:diagnostics_channel';
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import { asyncLocalStorage } from '@temporalio/activity';

const HEADER = 'x-sandbox-caller';
const OUTSIDE = 'outside of activities';

function caller() {
  const info = asyncLocalStorage.getStore()?.info;
  return info === undefined ? OUTSIDE : `${info.workflowExecution.workflowId} ${info.activityType}`;
}

// fetch
subscribe('undici:request:create', ({ request }) => request.addHeader(HEADER, caller()));

// libraries that use Node's own clients
for (const client of [http, https]) {
  const original = client.request;
  client.request = (...args) => {
    const request = original(...args);
    request.setHeader(HEADER, caller());
    return request;
  };
}
syncBuiltinESMExports();
