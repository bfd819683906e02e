// Earlier versions: what each changed, and going back to one.
import { useState } from 'preact/hooks';
import { dashboardVersion, dashboardVersions } from '../../../api/dashboards';
import { Dialog } from '../../../components/popup';
import { Empty, Failed, Loading } from '../../../components/state';
import { useLoad } from '../../../lib/load';
import type { Json } from '../../../lib/dash/model';
import { formatDate } from '../../../lib/time';
import { Diff } from './diff';

interface Props {
  uid: string;
  current: Json;
  onRestore: (dashboard: Json) => void; // into the editor; it is saved like any change
  onClose: () => void;
}

export function HistoryDialog({ uid, current, onRestore, onClose }: Props) {
  const versions = useLoad((signal) => dashboardVersions(uid, signal), [uid]);
  const [chosen, choose] = useState<number>();
  const shown = useLoad(async (signal) => (chosen === undefined ? undefined : dashboardVersion(uid, chosen, signal)), [chosen]);
  return (
    <Dialog title="Versions" wide onClose={onClose}>
      {!versions.data && (versions.error ? <Failed what="The versions could not be read" error={versions.error} /> : <Loading />)}
      {versions.data && !versions.data.length && <Empty>It was never saved from the page.</Empty>}
      <ul class="versions">
        {versions.data?.map((v) => (
          <li key={v.version}><button class="opt" aria-pressed={v.version === chosen} onClick={() => choose(v.version)}><b class="strong">{v.version}</b><span class="grow clip">{v.message || 'no word on it'}</span><span class="small faint">{formatDate(Date.parse(v.created))}</span></button></li>
        ))}
      </ul>
      {shown.data && <><p class="dim small">From version {shown.data.version} to what is shown now:</p><Diff before={shown.data.dashboard} after={current} /></>}
      <div class="acts"><button class="btn" onClick={onClose}>Close</button><button class="btn primary" disabled={!shown.data} onClick={() => shown.data && onRestore(shown.data.dashboard)}>Go back to version {chosen ?? ''}</button></div>
    </Dialog>
  );
}
