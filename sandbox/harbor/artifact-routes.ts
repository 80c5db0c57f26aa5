import type { Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import { MEDIA_TYPE } from './artifact-content.js';
import type { Harbor } from './harbor.js';
import type { Manifest, Scan } from './state.js';

const API = '/api/v2.0';
const REPORT = 'application/vnd.security.vulnerability.report; version=1.1';
/** Severities, the worst in front; Harbor gives an artifact the worst that was found. */
const SEVERITIES = ['Critical', 'High', 'Medium', 'Low', 'Negligible', 'Unknown', 'None'];

/** Projects, artifacts and scans of Harbor's own API, as far as Gatehouse and tests use it. */
export function addArtifactRoutes(harbor: Harbor): void {
  const { standIn } = harbor;
  const artifacts = `${API}/projects/:project/repositories/:repository/artifacts`;

  standIn.operation({
    id: 'getPing',
    method: 'GET',
    path: `${API}/ping`,
    open: true,
    handle: () => ({ status: 200, body: 'Pong' }),
  });
  standIn.operation({
    id: 'listProjects',
    method: 'GET',
    path: `${API}/projects`,
    handle: (call) => ({
      status: 200,
      body: harbor.state.projects
        .slice(0, Number(call.query('page_size') ?? 10))
        .map(({ name, public: isPublic }, index) => ({
          project_id: index + 1,
          name,
          metadata: { public: String(isPublic) },
        })),
    }),
  });
  standIn.operation({
    id: 'listArtifacts',
    method: 'GET',
    path: artifacts,
    handle: (call) => {
      const repository = repositoryOf(harbor, call);
      const found = harbor.state.manifests.filter((one) => one.repository === repository);
      return { status: 200, body: found.map((one) => shown(harbor, one, call)) };
    },
  });
  standIn.operation({
    id: 'getArtifact',
    method: 'GET',
    path: `${artifacts}/:reference`,
    handle: (call) => ({ status: 200, body: shown(harbor, artifactOf(harbor, call), call) }),
  });
  standIn.operation({
    id: 'scanArtifact',
    method: 'POST',
    path: `${artifacts}/:reference/scan`,
    handle: (call) => {
      const { repository, digest } = artifactOf(harbor, call);
      // what it will find stands in the last report; who reads before the end time is told that it runs
      const endTime = new Date(Date.now() + harbor.settings.scanMs).toISOString();
      const known = harbor.scanOf(repository, digest);
      call.change(known === undefined ? 'created' : 'changed', `scan ${repository}@${digest}`, () => {
        if (known !== undefined) Object.assign(known, { status: 'Success', endTime });
        else {
          harbor.state.scans.push({ repository, digest, status: 'Success', counts: {}, fixable: 0, endTime });
        }
      });
      return { status: 202 };
    },
  });
}

/**
 * The repository of a path: its slashes are encoded twice, so that one decoding leaves them encoded. One that was encoded
 * once is taken for more parts of the path by the real server, which then knows no such place [K].
 */
function repositoryOf(harbor: Harbor, call: Call): string {
  const once = call.param('repository');
  if (once.includes('/')) throw new Refusal(404, 'not found', { code: 'NOT_FOUND' });
  const repository = `${call.param('project')}/${decodeURIComponent(once)}`;
  const user = harbor.userOf(call.header('authorization'));
  if (!harbor.actionsIn(repository, user).includes('pull')) {
    throw new Refusal(403, 'forbidden', { code: 'FORBIDDEN' });
  }
  return repository;
}

function artifactOf(harbor: Harbor, call: Call): Manifest {
  const repository = repositoryOf(harbor, call);
  const reference = call.param('reference');
  const manifest = harbor.manifestOf(repository, reference);
  if (manifest !== undefined) return manifest;
  throw new Refusal(404, `artifact ${repository}:${reference} not found`, { code: 'NOT_FOUND' });
}

function shown(
  harbor: Harbor,
  { repository, digest, mediaType, size, pushedAt }: Manifest,
  call: Call,
): object {
  const scan = harbor.scanOf(repository, digest);
  const wanted = call.query('with_scan_overview') === 'true';
  const isChart = repository.startsWith('charts/');
  return {
    type: isChart ? 'CHART' : 'IMAGE',
    media_type: isChart ? MEDIA_TYPE.chartConfig : MEDIA_TYPE.imageConfig,
    manifest_media_type: mediaType,
    repository_name: repository,
    digest,
    size,
    push_time: pushedAt,
    ...(call.query('with_tag') === 'false'
      ? {}
      : { tags: harbor.tagsOf(repository, digest).map((name) => ({ name, immutable: false })) }),
    // missing, not empty, as long as nothing was scanned (goharbor/harbor issue 15705)
    ...(wanted && scan !== undefined ? { scan_overview: { [REPORT]: overviewOf(scan) } } : {}),
  };
}

function overviewOf(scan: Scan): object {
  const over = Date.parse(scan.endTime) <= Date.now();
  const status = scan.status === 'Success' && !over ? 'Running' : scan.status;
  const found = SEVERITIES.find((severity) => (scan.counts[severity] ?? 0) > 0);
  const total = Object.values(scan.counts).reduce((sum, count) => sum + count, 0);
  const scanner = { name: 'Trivy', vendor: 'Aqua Security', version: 'v0.66.0' };
  if (status !== 'Success') return { report_id: '', scan_status: status, complete_percent: 0, scanner };
  return {
    report_id: '5f62c830-f996-11e9-957f-0242c0a89008',
    scan_status: status,
    severity: found ?? 'None',
    duration: 4,
    summary: { total, fixable: scan.fixable, summary: scan.counts },
    start_time: scan.endTime,
    end_time: scan.endTime,
    complete_percent: 100,
    scanner,
  };
}
