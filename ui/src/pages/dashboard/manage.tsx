// What can be done with a dashboard as a whole: share, export, delete.
import { Icon } from '../../components/icon';
import { Drop } from '../../components/popup';
import { toast } from '../../components/toast';
import type { Loaded } from './board';
import { download } from './download';

export function Manage({ loaded }: { loaded: Loaded }) {
  const share = () =>
    navigator.clipboard?.writeText(location.href).then(() => toast({ kind: 'ok', text: 'The link is copied.' }), () => toast({ kind: 'warning', text: 'The link is in the address bar; copying is not allowed here.' }));
  const save = () => download(`${loaded.meta.slug || loaded.meta.uid}.json`, JSON.stringify(loaded.json, null, 2), 'application/json');
  return (
    <Drop toRight role="menu" class="btn icon" label="Share and export" button={<Icon name="share" />}>
      {(close) => (
        <>
          <button class="opt" role="menuitem" onClick={() => { close(); void share(); }}>Copy the link</button>
          <button class="opt" role="menuitem" onClick={() => { close(); save(); }}>Export as JSON</button>
        </>
      )}
    </Drop>
  );
}
