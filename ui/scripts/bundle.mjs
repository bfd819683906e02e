// The esbuild settings that the build, the tests and the development server share.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const shim = (name) => path.join(ROOT, 'src/shims', name);

// @grafana/data brings translations, theme schemas and time zone tables that a dashboard never
// touches; without them its part of a dashboard page is a third smaller.
const alias = {
  'moment-timezone': shim('moment-timezone.ts'),
  '@grafana/i18n': shim('i18n.ts'),
  zod: shim('zod.ts'),
  xss: shim('xss.ts'),
  'react/jsx-runtime': 'preact/jsx-runtime',
  react: shim('react.ts'),
  'react-dom': shim('react.ts'),
};

export const options = {
  absWorkingDir: ROOT,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  alias,
  define: { 'process.env.NODE_ENV': '"production"' },
  loader: { '.svg': 'text' },
  logLevel: 'warning',
};
