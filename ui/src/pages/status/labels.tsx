// Labels as two columns.
import type { Labels } from '../../api/types';

export function LabelTable({ title, labels }: { title: string; labels: Labels }) {
  return (
    <div>
      <span class="small faint">{title}</span>
      <dl class="labels">
        {Object.entries(labels).sort(([a], [b]) => a.localeCompare(b)).map(([k, v]) => (
          <>
            <dt key={k}>{k}</dt>
            <dd class="break">{v}</dd>
          </>
        ))}
      </dl>
    </div>
  );
}
