// Writes the two sources that carry dist/ into the binary: an assembly file that includes the bytes,
// and the table that names them.   node scripts/embed.mjs DIST OUT_DIR
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const [dist, out] = process.argv.slice(2).map((p) => path.resolve(p));
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const files = fs
  .readdirSync(dist, { recursive: true })
  .map((f) => String(f).split(path.sep).join('/'))
  .filter((f) => TYPES[path.extname(f)])
  .sort((a, b) => (a < b ? -1 : 1));

const lines = ['    .section .rodata'];
const rows = [];
const externs = [];
files.forEach((file, i) => {
  const forms = { id: '', gz: '.gz', br: '.br' };
  const views = Object.entries(forms).map(([form, suffix]) => {
    const symbol = `meerkat_ui_${i}_${form}`;
    const full = path.join(dist, file + suffix);
    lines.push(`    .global ${symbol}`, '    .balign 16', `${symbol}:`, `    .incbin "${full}"`);
    externs.push(`extern const char ${symbol}[];`);
    return `std::string_view(${symbol}, ${fs.statSync(full).size})`;
  });
  const etag = crypto.createHash('sha256').update(fs.readFileSync(path.join(dist, file))).digest('hex').slice(0, 16);
  rows.push(
    `      Asset{"${file}", "${TYPES[path.extname(file)]}", "\\"${etag}\\"",\n            ${views.join(', ')},\n            ${file.startsWith('assets/')}},`,
  );
});
lines.push('    .section .note.GNU-stack,"",@progbits', '');

fs.mkdirSync(out, { recursive: true });
fs.writeFileSync(path.join(out, 'assets_data.S'), lines.join('\n'));
fs.writeFileSync(
  path.join(out, 'assets_table.cc'),
  `#include <array>

#include "ui/assets.h"

extern "C" {
${externs.join('\n')}
}

namespace meerkat::ui {

std::span<const Asset> Assets() {
  static const std::array<Asset, ${files.length}> kAssets = {
${rows.join('\n')}
  };
  return kAssets;
}

}  // namespace meerkat::ui
`,
);
