import { Checkbox } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { DataTable, type Column } from '../../components/DataTable';
import { SeverityMark } from '../../components/SeverityMark';
import { formatAge, formatCount, formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { useNow } from '../../live/useLive';
import { knownKind } from '../devices/kinds';
import type { Finding } from './queries';
import { noteText, stateSeverity } from './words';

interface Props {
  items: readonly Finding[];
  selected: ReadonlySet<number>;
  onSelect: (selected: ReadonlySet<number>) => void;
  onOpen: (finding: Finding) => void;
  selectable: boolean;
}

/** Any number of findings; only the rows in sight exist in the page. */
export function FindingTable({ items, selected, onSelect, onOpen, selectable }: Props) {
  const { t, language } = useText();
  const chosen = items.filter((f) => selected.has(f.id)).length;
  const toggle = (id: number) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    onSelect(next);
  };
  const columns: Column<Finding>[] = [
    ...(selectable ? [{
      id: 'chosen', label: t('discovery.selectAll'), width: '20px', card: 'title' as const,
      head: (
        <Checkbox
          size="xs" aria-label={t('discovery.selectAll')} label={<span className="cards-only">{t('discovery.selectAll')}</span>} checked={chosen === items.length} indeterminate={chosen > 0 && chosen < items.length}
          onChange={() => onSelect(new Set(chosen === items.length ? [] : items.map((f) => f.id)))}
        />
      ),
      cell: (f: Finding) => <Checkbox size="xs" aria-label={t('discovery.select', { address: f.address })} checked={selected.has(f.id)} onChange={() => toggle(f.id)} />,
    }] : []),
    { id: 'state', label: t('word.state'), width: '98px', cell: (f) => <SeverityMark severity={stateSeverity[f.state]}>{t(`findingState.${f.state}`)}</SeverityMark> },
    { id: 'address', label: t('word.address'), width: 'minmax(120px,1fr)', cell: (f) => <Address finding={f} onOpen={onOpen} /> },
    { id: 'model', label: t('word.model'), width: 'minmax(120px,1.2fr)', cell: (f) => <Model finding={f} /> },
    { id: 'name', label: t('word.name'), width: 'minmax(90px,0.9fr)', cell: (f) => <Name finding={f} /> },
    { id: 'profile', label: t('word.profile'), width: 'minmax(130px,1.1fr)', cell: (f) => <>{f.profile}<div className={f.confidence === 'high' ? 'muted' : undefined}>{t(`confidence.${f.confidence}`)}</div></> },
    { id: 'points', label: t('word.points'), width: '48px', numeric: true, cell: (f) => (f.points === undefined ? '–' : formatCount(f.points, language)) },
    { id: 'note', label: t('discovery.note'), width: 'minmax(120px,1.3fr)', card: 'line', cell: (f) => noteText(f, t) },
    { id: 'seen', label: t('discovery.lastSeen'), width: '78px', numeric: true, cell: (f) => <LastSeen finding={f} /> },
  ];
  return <DataTable label={t('discovery.findings')} items={items} columns={columns} idOf={(f) => f.id} minWidth={1000} />;
}

function Address({ finding: f, onOpen }: { finding: Finding; onOpen: (finding: Finding) => void }) {
  const { t } = useText();
  return (
    <>
      <button type="button" className="plain-link" onClick={() => onOpen(f)} title={t('discovery.showDetails')}>{f.address}</button>
      <div className="muted">{[f.protocol, f.unit_id !== undefined && t('discovery.unitId', { unit: f.unit_id })].filter(Boolean).join(' · ')}</div>
    </>
  );
}

function Model({ finding: f }: { finding: Finding }) {
  const { t } = useText();
  return (
    <>
      {[f.vendor, f.model].filter(Boolean).join(' ') || <span className="muted">{t('word.unknown')}</span>}
      <div className="muted">{[f.kind && t(`kind.${knownKind(f.kind)}`), f.serial].filter(Boolean).join(' · ')}</div>
    </>
  );
}

function Name({ finding: f }: { finding: Finding }) {
  if (f.device === undefined) return <>{f.sys_name}</>;
  return (
    <>
      <Link className="link" to="/devices/$deviceId" params={{ deviceId: String(f.device) }}><b>{f.device_name}</b></Link>
      {f.sys_name !== f.device_name && <div className="muted">{f.sys_name}</div>}
    </>
  );
}

function LastSeen({ finding: f }: { finding: Finding }) {
  const { language } = useText();
  const now = useNow(5000);
  return <span title={formatTime(f.last_seen, 'dateTime', language)}>{formatAge(now - Date.parse(f.last_seen), language)}</span>;
}
