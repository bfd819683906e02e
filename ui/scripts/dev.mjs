// Serves dist/ for work on the pages: rebuilds when src/ changes, forwards the API to servers that
// run already, and answers api/v1/dashboards from a folder unless the server does.
//   node scripts/dev.mjs --port 8000 --prometheus http://127.0.0.1:9090 [--alertmanager URL] [--dashboards DIR]
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { dashboardApi } from './dev-dashboards.mjs';
import { ROOT } from './bundle.mjs';

const { values: o } = parseArgs({
  options: {
    port: { type: 'string', default: '8000' },
    prometheus: { type: 'string', default: 'http://127.0.0.1:9090' },
    alertmanager: { type: 'string' },
    dashboards: { type: 'string' },
    'no-watch': { type: 'boolean' },
  },
});
const DIST = path.join(ROOT, 'dist');
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };
const POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

function build() {
  try {
    execFileSync('node', [path.join(ROOT, 'scripts/build.mjs')], { stdio: 'inherit' });
  } catch {
    console.error('The build failed; the last one is served.');
  }
}

function forward(to, req, res) {
  const url = new URL(req.url, to);
  const out = http.request(url, { method: req.method, headers: { ...req.headers, host: url.host } }, (answer) => {
    res.writeHead(answer.statusCode, answer.headers);
    answer.pipe(res);
  });
  out.on('error', (e) => res.writeHead(502).end(String(e)));
  req.pipe(out);
  res.on('close', () => out.destroy());
}

function sendFile(req, res, name) {
  const file = path.join(DIST, name);
  const gzip = /\bgzip\b/.test(req.headers['accept-encoding'] ?? '') && fs.existsSync(file + '.gz');
  res.writeHead(200, {
    'Content-Type': TYPES[path.extname(name)] ?? 'application/octet-stream',
    'Content-Security-Policy': POLICY,
    'Cache-Control': name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    Vary: 'Accept-Encoding',
    ...(gzip ? { 'Content-Encoding': 'gzip' } : {}),
  });
  fs.createReadStream(gzip ? file + '.gz' : file).pipe(res);
}

const dashboards = o.dashboards ? dashboardApi(path.resolve(o.dashboards)) : undefined;
if (!o['no-watch']) {
  build();
  let due;
  fs.watch(path.join(ROOT, 'src'), { recursive: true }, () => {
    clearTimeout(due);
    due = setTimeout(build, 100);
  });
}

http
  .createServer((req, res) => {
    const { pathname } = new URL(req.url, 'http://x');
    if (dashboards && pathname.startsWith('/api/v1/dashboards')) return dashboards(req, res, pathname);
    if (pathname.startsWith('/api/v2') && o.alertmanager) return forward(o.alertmanager, req, res);
    if (/^\/(api|-|metrics|federate)(\/|$)/.test(pathname)) return forward(o.prometheus, req, res);
    const name = decodeURIComponent(pathname.slice(1));
    const known = name && !name.includes('..') && fs.existsSync(path.join(DIST, name)) && fs.statSync(path.join(DIST, name)).isFile();
    if (name.startsWith('assets/') && !known) return res.writeHead(404).end();
    sendFile(req, res, known ? name : 'index.html');
  })
  .listen(Number(o.port), '127.0.0.1', () => console.log(`http://127.0.0.1:${o.port}`));
