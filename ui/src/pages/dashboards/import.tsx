// Bringing dashboards: files chosen or dropped anywhere on the page, or a text pasted.
import { useEffect, useState } from 'preact/hooks';
import { saveDashboard } from '../../api/dashboards';
import { Icon } from '../../components/icon';
import { Dialog } from '../../components/popup';
import { toast } from '../../components/toast';
import { type Given, readGiven } from '../../lib/dashjson';
import { plural } from '../../lib/format';
import { navigate } from '../../lib/router';

const kLargest = 16 * 1024 * 1024;

async function readFiles(files: Iterable<File>): Promise<Given[]> {
  return Promise.all([...files].map(async (f) => (f.size > kLargest ? { name: f.name, error: 'larger than 16 MB' } : readGiven(f.name, await f.text()))));
}

export async function importAll(given: Given[], folder = ''): Promise<void> {
  const failed = given.filter((g) => g.error).map((g) => `${g.name}: ${g.error}`);
  const done: { uid: string; slug: string }[] = [];
  for (const g of given) {
    if (!g.dashboard) continue;
    try {
      done.push(await saveDashboard({ dashboard: g.dashboard, ...(folder ? { folder } : {}), message: `Imported from ${g.name}` }));
    } catch (e) {
      failed.push(`${g.name}: ${(e as Error).message}`);
    }
  }
  for (const f of failed.slice(0, 4)) toast({ kind: 'critical', text: f });
  if (done.length) toast({ kind: 'ok', text: `${plural(done.length, 'dashboard is', 'dashboards are')} here.`, ...(done.length > 1 ? {} : { link: { href: `d/${done[0]!.uid}/${done[0]!.slug}`, text: 'Open' } }) });
  if (done.length === 1 && !failed.length) navigate(`d/${done[0]!.uid}/${done[0]!.slug}`);
}

// Files dropped anywhere on the page.
export function useDrop(onFiles: (given: Given[]) => void): boolean {
  const [over, set] = useState(false);
  useEffect(() => {
    const has = (e: DragEvent) => e.dataTransfer?.types.includes('Files') ?? false;
    const drag = (e: DragEvent) => {
      if (!has(e)) return;
      e.preventDefault();
      set(true);
    };
    const leave = (e: DragEvent) => e.relatedTarget === null && set(false);
    const drop = (e: DragEvent) => {
      if (!has(e)) return;
      e.preventDefault();
      set(false);
      void readFiles(e.dataTransfer!.files).then(onFiles);
    };
    document.addEventListener('dragover', drag);
    document.addEventListener('dragleave', leave);
    document.addEventListener('drop', drop);
    return () => {
      document.removeEventListener('dragover', drag);
      document.removeEventListener('dragleave', leave);
      document.removeEventListener('drop', drop);
    };
  }, [onFiles]);
  return over;
}

export function FileButton({ text, primary, onFiles }: { text: string; primary?: boolean; onFiles: (given: Given[]) => void }) {
  return (
    <label class={'btn' + (primary ? ' primary' : '')}>
      <Icon name="down" />{text}
      <input type="file" class="sr" accept=".json,application/json" multiple onChange={(e) => { const t = e.currentTarget; void readFiles(t.files ?? []).then((g) => { t.value = ''; onFiles(g); }); }} />
    </label>
  );
}

export function Import({ open, onClose, onDone }: { open: boolean; onClose: () => void; onDone: () => void }) {
  const [text, setText] = useState('');
  const [folder, setFolder] = useState('');
  const take = (given: Given[]) => {
    onClose();
    setText('');
    void importAll(given, folder).then(onDone);
  };
  const over = useDrop(take);
  const given = text.trim() ? readGiven('pasted text', text) : undefined;
  return (
    <>
      {over && <div class="veil drop-veil"><div class="popup dialog"><h2>Drop dashboards here</h2><p class="dim">Grafana JSON files work as they are.</p></div></div>}
      {open && (
        <Dialog title="Import dashboards" onClose={onClose} wide>
          <div class="stack form">
            <div class="drop-zone"><FileButton text="Choose files" onFiles={take} /><span class="dim">or drop them on the page</span></div>
            <label class="field">Or paste the JSON<textarea class="input" rows={8} spellcheck={false} value={text} aria-invalid={!!given?.error} onInput={(e) => setText(e.currentTarget.value)} /></label>
            {given?.error && <p class="critical-t small">The text is {given.error}</p>}
            <label class="field">Folder<input class="input" value={folder} onInput={(e) => setFolder(e.currentTarget.value)} /></label>
          </div>
          <div class="acts"><button class="btn" onClick={onClose}>Cancel</button><button class="btn primary" disabled={!given?.dashboard} onClick={() => given && take([given])}>Import</button></div>
        </Dialog>
      )}
    </>
  );
}
