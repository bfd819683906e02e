// The dashboards endpoints of API.md over a folder of JSON files; saves live in memory only.
import fs from 'node:fs';
import path from 'node:path';

const kUid = /^[A-Za-z0-9_-]{1,40}$/;
const fromName = (file) => path.basename(file, '.json').replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40);
const slugOf = (title) => title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '') || 'dashboard';

function load(dir) {
  const all = new Map();
  const files = fs.readdirSync(dir).filter((f) => f.endsWith('.json')).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  for (const file of files) {
    const read = JSON.parse(fs.readFileSync(path.join(dir, file), 'utf8'));
    const dashboard = read.dashboard ?? read;
    let uid = kUid.test(dashboard.uid ?? '') ? dashboard.uid : fromName(file);
    if (all.has(uid)) uid = fromName(file);
    put(all, uid, dashboard, { source: 'file', folder: '', version: 0, message: '' });
  }
  return all;
}

function put(all, uid, dashboard, { source, folder, version, message }) {
  const title = dashboard.title ?? uid;
  const meta = { uid, slug: slugOf(title), folder, version, source, updated: new Date().toISOString() };
  const versions = [...(all.get(uid)?.versions ?? []), { version, created: meta.updated, message, dashboard }];
  all.set(uid, { dashboard, meta, versions });
  return meta;
}

export function dashboardApi(dir) {
  const all = load(dir);
  return (req, res, pathname) => {
    const say = (status, body) => res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    const good = (data) => say(200, { status: 'success', data });
    const bad = (status, errorType, error) => say(status, { status: 'error', errorType, error });
    const [uid, what, n] = pathname.split('/').slice(4).map(decodeURIComponent);
    const found = all.get(uid);
    if (req.method === 'POST' && !uid) {
      let text = '';
      req.on('data', (d) => (text += d));
      req.on('end', () => {
        const { dashboard, folder, message = '', baseVersion } = JSON.parse(text);
        const id = kUid.test(dashboard.uid ?? '') ? dashboard.uid : 'd' + Math.random().toString(36).slice(2, 12);
        const old = all.get(id);
        if (old && baseVersion !== undefined && baseVersion < old.meta.version) return bad(409, 'conflict', `dashboard ${id} was saved as version ${old.meta.version} meanwhile`);
        good(put(all, id, { ...dashboard, uid: id }, { source: 'stored', folder: folder ?? old?.meta.folder ?? '', version: (old?.meta.version ?? 0) + 1, message }));
      });
      return;
    }
    if (!uid) return good([...all.values()].map(({ dashboard, meta }) => ({ uid: meta.uid, title: dashboard.title ?? meta.uid, tags: dashboard.tags ?? [], folder: meta.folder, slug: meta.slug, source: meta.source })));
    if (!found) return bad(404, 'not_found', `no dashboard has the uid ${uid}`);
    if (req.method === 'DELETE') return all.delete(uid), good(null);
    if (!what) return good({ dashboard: found.dashboard, meta: found.meta });
    if (!n) return good(found.versions.map(({ dashboard: _, ...v }) => v).reverse());
    const v = found.versions.find((x) => x.version === Number(n));
    return v ? good({ ...v, meta: found.meta }) : bad(404, 'not_found', `version ${n} is not kept`);
  };
}
