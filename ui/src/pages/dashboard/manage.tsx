// What can be done with a dashboard as a whole: edit, share, export, look back, delete.
import { useState } from 'preact/hooks';
import { deleteDashboard } from '../../api/dashboards';
import { Icon } from '../../components/icon';
import { Dialog, Drop } from '../../components/popup';
import { toast, toastError } from '../../components/toast';
import type { Json } from '../../lib/dash/model';
import { navigate } from '../../lib/router';
import type { Loaded } from './board';
import { download } from './download';
import { HistoryDialog } from './edit/history';

interface Props {
  loaded: Loaded;
  editing: boolean;
  onEdit: () => void;
  onRestore: (dashboard: Json) => void;
}

export function Manage({ loaded, editing, onEdit, onRestore }: Props) {
  const [open, set] = useState<'history' | 'delete'>();
  const { meta, dashboard, json } = loaded;
  const share = () =>
    void navigator.clipboard?.writeText(location.href).then(() => toast({ kind: 'ok', text: 'The link is copied.' }), () => toast({ kind: 'warning', text: 'The link is in the address bar; copying is not allowed here.' }));
  const save = () => download(`${meta.slug || meta.uid}.json`, JSON.stringify(json, null, 2), 'application/json');
  const remove = () => {
    set(undefined);
    deleteDashboard(meta.uid).then(() => { toast({ kind: 'ok', text: `${dashboard.title} is deleted.` }); navigate('dashboards'); }, toastError);
  };
  const isNew = meta.uid === 'new';
  return (
    <>
      {!editing && <button class="btn icon" aria-label="Edit the dashboard" title="Edit" onClick={onEdit}><Icon name="edit" /></button>}
      <Drop toRight role="menu" class="btn icon" label="Share, export, versions" button={<Icon name="share" />}>
        {(close) => (
          <>
            <button class="opt" role="menuitem" onClick={() => { close(); share(); }}>Copy the link</button>
            <button class="opt" role="menuitem" onClick={() => { close(); save(); }}>Export as JSON</button>
            {!isNew && <button class="opt" role="menuitem" onClick={() => { close(); set('history'); }}>Versions</button>}
            {meta.source === 'stored' && !isNew && <button class="opt critical-t" role="menuitem" onClick={() => { close(); set('delete'); }}>Delete</button>}
          </>
        )}
      </Drop>
      {open === 'history' && <HistoryDialog uid={meta.uid} current={json} onClose={() => set(undefined)} onRestore={(d) => { set(undefined); onRestore(d); }} />}
      {open === 'delete' && (
        <Dialog title={`Delete ${dashboard.title}?`} onClose={() => set(undefined)}>
          <p class="dim">Its versions go too. Export it first if unsure.</p>
          <div class="acts"><button class="btn" autofocus onClick={() => set(undefined)}>Keep</button><button class="btn danger" onClick={remove}>Delete</button></div>
        </Dialog>
      )}
    </>
  );
}
