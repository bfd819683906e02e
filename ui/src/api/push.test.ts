import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathOf } from './push';

test("a group's path: the job first, slashes and empty values as base64", () => {
  assert.equal(pathOf({ instance: 'a b', job: 'backup' }), 'metrics/job/backup/instance/a%20b');
  assert.equal(pathOf({ job: 'x', path: '/var/tmp' }), 'metrics/job/x/path@base64/L3Zhci90bXA');
  assert.equal(pathOf({ job: 'x', who: '' }), 'metrics/job/x/who@base64/=');
  assert.equal(pathOf({ job: 'x', i: '/\u00fc?>' }), 'metrics/job/x/i@base64/L8O8Pz4');
});
