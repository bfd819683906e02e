// Builds dist/: hashed scripts and styles, index.html, and a .gz and a .br beside each text file.
// Prints what a first visit of each page transfers and fails when that grows past its limit.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import * as esbuild from 'esbuild';
import { options, ROOT } from './bundle.mjs';

const DIST = path.resolve(process.argv[2] ?? path.join(ROOT, 'dist'));
const KB = 1024;
const LIMITS = { shell: 60 * KB, explore: 250 * KB, dashboard: 450 * KB };

fs.rmSync(DIST, { recursive: true, force: true });
const built = await esbuild.build({
  ...options,
  entryPoints: { app: 'src/main.tsx', boot: 'src/boot.ts', style: 'src/styles/index.css' },
  entryNames: 'assets/[name]-[hash]',
  chunkNames: 'assets/[name]-[hash]',
  outdir: DIST,
  splitting: true,
  minify: true,
  legalComments: 'none',
  metafile: true,
});

const outputs = built.metafile.outputs;
const rel = (file) => path.relative(DIST, path.resolve(ROOT, file)).split(path.sep).join('/');
const entry = (source) => Object.keys(outputs).find((o) => outputs[o].entryPoint === source);

const html = fs
  .readFileSync(path.join(ROOT, 'src/index.html'), 'utf8')
  .replace('{{style}}', rel(entry('src/styles/index.css')))
  .replace('{{boot}}', rel(entry('src/boot.ts')))
  .replace('{{app}}', rel(entry('src/main.tsx')));
fs.writeFileSync(path.join(DIST, 'index.html'), html);
fs.copyFileSync(path.join(ROOT, 'src/logo.svg'), path.join(DIST, 'favicon.svg'));

// Everything a module loads at once, through static imports only.
function closure(start, seen = new Set()) {
  if (!start || seen.has(start)) return seen;
  seen.add(start);
  for (const i of outputs[start].imports) if (i.kind === 'import-statement') closure(i.path, seen);
  return seen;
}

const sizes = new Map();
function compress(dir) {
  for (const item of fs.readdirSync(dir, { withFileTypes: true })) {
    const file = path.join(dir, item.name);
    if (item.isDirectory()) {
      compress(file);
      continue;
    }
    const bytes = fs.readFileSync(file);
    const gzip = zlib.gzipSync(bytes, { level: 9 });
    const brotli = zlib.brotliCompressSync(bytes, {
      params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });
    fs.writeFileSync(file + '.gz', gzip);
    fs.writeFileSync(file + '.br', brotli);
    sizes.set(path.relative(DIST, file).split(path.sep).join('/'), { raw: bytes.length, gzip: gzip.length, brotli: brotli.length });
  }
}
compress(DIST);

const shell = new Set(['index.html', rel(entry('src/boot.ts')), rel(entry('src/styles/index.css')), ...[...closure(entry('src/main.tsx'))].map(rel)]);
const page = (source) => new Set([...shell, ...[...closure(entry(source))].map(rel)]);
const views = { shell, explore: page('src/pages/explore/index.tsx'), dashboard: page('src/pages/dashboard/index.tsx') };
let over = false;
for (const [name, files] of Object.entries(views)) {
  const sum = (k) => [...files].reduce((a, f) => a + sizes.get(f)[k], 0);
  const gzip = sum('gzip');
  over ||= gzip > LIMITS[name];
  console.log(
    `${name.padEnd(10)} ${(gzip / KB).toFixed(1).padStart(6)} KB gzip ${(sum('brotli') / KB).toFixed(1).padStart(6)} KB br ` +
      `of ${LIMITS[name] / KB} KB${gzip > LIMITS[name] ? '  TOO LARGE' : ''}`,
  );
}
if (over) process.exit(1);
