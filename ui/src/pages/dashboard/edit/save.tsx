// Saving: with a word on what changed, and nothing lost when somebody else saved meanwhile.
import { useState } from 'preact/hooks';
import { getDashboard, isConflict, saveDashboard } from '../../../api/dashboards';
import type { DashboardMeta } from '../../../api/types';
import { Dialog } from '../../../components/popup';
import { toast } from '../../../components/toast';
import type { Json } from '../../../lib/dash/model';
import { text } from '../../../lib/dash/model';
import { Diff } from './diff';

interface Props {
  before: Json;
  draft: Json;
  meta: DashboardMeta;
  isNew: boolean;
  onSaved: (meta: DashboardMeta, dashboard: Json) => void;
  onClose: () => void;
}

export function SaveDialog({ before, draft, meta, isNew, onSaved, onClose }: Props) {
  const [message, setMessage] = useState('');
  const [title, setTitle] = useState(text(draft.title));
  const [folder, setFolder] = useState(meta.folder);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const [other, setOther] = useState<{ dashboard: Json; version: number }>();
  const dashboard: Json = { ...draft, title, ...(isNew ? {} : { uid: meta.uid }) };
  const save = async (baseVersion: number | undefined) => {
    if (busy) return; // Enter, twice
    setBusy(true);
    setError('');
    try {
      const saved = await saveDashboard({ dashboard, folder, message, ...(isNew || baseVersion === undefined ? {} : { baseVersion }) });
      toast({ kind: 'ok', text: `Saved as version ${saved.version}.` });
      onSaved(saved, { ...dashboard, uid: saved.uid });
    } catch (e) {
      setBusy(false);
      if (!isConflict(e)) return setError((e as Error).message);
      const theirs = await getDashboard(meta.uid).catch(() => undefined);
      if (theirs) setOther({ dashboard: theirs.dashboard, version: theirs.meta.version });
      else setError((e as Error).message);
    }
  };
  if (other) {
    return (
      <Dialog title={`Version ${other.version} was saved meanwhile`} wide onClose={onClose}>
        <p class="dim">Your changes are kept here. This is how yours differs from what was saved:</p>
        <Diff before={other.dashboard} after={dashboard} />
        <div class="acts"><button class="btn" autofocus onClick={onClose}>Keep editing</button><button class="btn danger" disabled={busy} onClick={() => void save(other.version)}>Save over it</button></div>
      </Dialog>
    );
  }
  return (
    <Dialog title="Save the dashboard" wide onClose={onClose}>
      <div class="stack form">
        <label class="field">Title<input class="input" value={title} onInput={(e) => setTitle(e.currentTarget.value)} /></label>
        <label class="field">Folder<input class="input" value={folder} placeholder="none" onInput={(e) => setFolder(e.currentTarget.value)} /></label>
        <label class="field">What changed<input class="input" autofocus value={message} onInput={(e) => setMessage(e.currentTarget.value)} onKeyDown={(e) => e.key === 'Enter' && void save(meta.version)} /></label>
        {error && <p class="critical-t small break" role="alert">{error}</p>}
        {!isNew && <details><summary class="small">What will be saved</summary><Diff before={before} after={dashboard} /></details>}
      </div>
      <div class="acts"><button class="btn" onClick={onClose}>Cancel</button><button class="btn primary" disabled={busy || !title.trim()} onClick={() => void save(meta.version)}>Save</button></div>
    </Dialog>
  );
}
