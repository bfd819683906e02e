import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRoutes, takers } from './routes';

const config = `
global:
  resolve_timeout: 5m
route:
  receiver: mail
  group_by: ['alertname', cluster]
  routes:
  - matchers:
    - severity="critical"
    receiver: pager
    continue: true
    routes:
      - match: {team: db}
        receiver: pager-db
  - match_re:
      service: ^(web|api)$
    receiver: chat
  - receiver: 'night shift'
    matchers: [ 'zone=~"eu-.+"', quiet!="yes" ]
receivers:
- name: mail
`;

test('the tree is read with its matchers, old and new', () => {
  const root = readRoutes(config)!;
  assert.deepEqual(root.groupBy, ['alertname', 'cluster']);
  assert.deepEqual(root.routes.map((r) => r.receiver), ['pager', 'chat', 'night shift']);
  assert.deepEqual(root.routes[2]!.matchers.map((m) => [m.name, m.value, m.isRegex, m.isEqual]), [['zone', 'eu-.+', true, true], ['quiet', 'yes', false, false]]);
});

test('the first route that matches takes the alert, unless it lets it go on', () => {
  const root = readRoutes(config)!;
  const got = (labels: Record<string, string>) => [...takers(root, labels)].map((r) => r.receiver);
  assert.deepEqual(got({ severity: 'info' }), ['mail']);
  assert.deepEqual(got({ severity: 'critical' }), ['pager']);
  assert.deepEqual(got({ severity: 'critical', team: 'db', service: 'web' }), ['pager-db', 'chat']);
  assert.deepEqual(got({ zone: 'eu-1' }), ['night shift']);
  assert.deepEqual(got({ zone: 'eu-1', quiet: 'yes' }), ['mail']);
});
