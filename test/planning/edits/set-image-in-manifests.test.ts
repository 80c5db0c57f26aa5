import { describe, expect, it } from 'vitest';
import { setImageInManifests } from '../../../src/planning/edits/set-image-in-manifests.js';
import { lineChanges } from './line-changes.js';
import { refusalOf } from './refusal-of.js';

const WEB = 'registry.example.com:5000/shop/web';
const DIGEST = `sha256:${'ab12'.repeat(16)}`;

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {image: "${WEB}"}}
spec:
  template:
    spec:
      initContainers:
        - name: warm-up
          image:   '${WEB}:1.4.1'   # the same
      containers:
        - {name: web, image: "${WEB}:1.4.1"}
        - name: proxy
          image: registry.example.com:5000/shop/web-proxy:2
        - name: other
          image: ${WEB}@sha256:${'00'.repeat(32)}
`;
const JOB = `apiVersion: batch/v1\nkind: Job\nmetadata: {name: m}\nspec: {template: {spec: {containers: [{name: m, image: ${WEB}}]}}}\n`;

const FILES = new Map([
  ['prod/web.yaml', DEPLOYMENT],
  ['prod/jobs/migrate.yml', JOB],
  ['prod/values.yaml', `image: ${WEB}:9\n`],
  ['prod/config.yaml', `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {image: "${WEB}:9"}\n`],
  ['prod/README.md', `image: ${WEB}:9\n`],
  ['dev/web.yaml', DEPLOYMENT],
]);

describe('setImageInManifests', () => {
  it('changes the lines of this image below the directory and nothing else', () => {
    const { files, places } = setImageInManifests(FILES, 'prod', { image: WEB, to: { digest: DIGEST } });
    expect(files.map(({ path }) => path)).toEqual(['prod/jobs/migrate.yml', 'prod/web.yaml']);
    const web = files.find(({ path }) => path === 'prod/web.yaml');
    expect(lineChanges(web?.before ?? '', web?.after ?? '')).toEqual({
      removed: [
        `          image:   '${WEB}:1.4.1'   # the same`,
        `        - {name: web, image: "${WEB}:1.4.1"}`,
        `          image: ${WEB}@sha256:${'00'.repeat(32)}`,
      ],
      added: [
        `          image:   '${WEB}@${DIGEST}'   # the same`,
        `        - {name: web, image: "${WEB}@${DIGEST}"}`,
        `          image: ${WEB}@${DIGEST}`,
      ],
    });
    expect(places.map(({ path, line, at }) => `${path}:${line} ${at}`)).toEqual([
      'prod/jobs/migrate.yml:4 spec.template.spec.containers[0].image',
      'prod/web.yaml:9 spec.template.spec.initContainers[0].image',
      'prod/web.yaml:11 spec.template.spec.containers[0].image',
      'prod/web.yaml:15 spec.template.spec.containers[2].image',
    ]);
  });

  it('says where the image stands when nothing has to change', () => {
    const files = new Map([['a.yaml', JOB.replace(WEB, `${WEB}:x`)]]);
    const result = setImageInManifests(files, '', { image: WEB, to: { tag: 'x' } });
    expect(result.files).toEqual([]);
    expect(result.places).toHaveLength(1);
  });

  it('keeps tag and digest together when both are given', () => {
    const { files } = setImageInManifests(new Map([['a.yaml', JOB]]), '', {
      image: WEB,
      to: { tag: '1.4.2', digest: DIGEST },
    });
    expect(files[0]?.after).toContain(`image: ${WEB}:1.4.2@${DIGEST}}`);
  });

  it.each<[string, string, ReadonlyMap<string, string>, string]>([
    ['none-found', 'another image', new Map([['a.yaml', JOB]]), 'registry.example.com:5000/shop/we'],
    ['none-found', 'an empty directory', new Map(), WEB],
    ['none-found', 'values that are no object', new Map([['v.yaml', `image: ${WEB}:9\n`]]), WEB],
    ['not-yaml', 'a template that names it', new Map([['t.yaml', `{{ if x }}\nimage: ${WEB}\n`]]), WEB],
    [
      'not-editable',
      'an anchor',
      new Map([['a.yaml', `apiVersion: v1\nkind: Pod\nspec: {containers: [{image: &i ${WEB}}]}\n`]]),
      WEB,
    ],
    [
      'not-editable',
      'an alias',
      new Map([['a.yaml', `apiVersion: v1\nkind: Pod\nx: &i ${WEB}\nspec: {containers: [{image: *i}]}\n`]]),
      WEB,
    ],
  ])('refuses as %s: %s', (refusal, _, files, image) => {
    const error = refusalOf(() => setImageInManifests(files, '', { image, to: { tag: 'x' } }));
    expect(error.refusal).toBe(refusal);
    expect(error.remedy).not.toBe('');
  });
});
