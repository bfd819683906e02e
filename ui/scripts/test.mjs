// Bundles every src/**/*.test.ts and runs them with Node's own test runner.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { options, ROOT } from './bundle.mjs';

const tests = fs.readdirSync(path.join(ROOT, 'src'), { recursive: true }).map(String).filter((f) => f.endsWith('.test.ts'));
const out = fs.mkdtempSync(path.join(os.tmpdir(), 'ui-test-'));
await esbuild.build({ ...options, entryPoints: tests.map((t) => path.join('src', t)), outdir: out, platform: 'node', outExtension: { '.js': '.mjs' } });
const files = fs.readdirSync(out, { recursive: true }).map(String).filter((f) => f.endsWith('.mjs')).map((f) => path.join(out, f));
const run = spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit' });
fs.rmSync(out, { recursive: true, force: true });
process.exit(run.status ?? 1);
