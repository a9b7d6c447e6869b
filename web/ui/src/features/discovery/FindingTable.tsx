import { Checkbox } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { SeverityMark } from '../../components/SeverityMark';
import { formatAge, formatCount, formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { useNow } from '../../live/useLive';
import { knownKind } from '../devices/kinds';
import type { Finding } from './queries';
import { noteText, stateSeverity } from './words';

const rowPx = 52;
const grid = '20px 116px minmax(150px,1fr) minmax(160px,1.2fr) minmax(120px,0.9fr) minmax(180px,1.2fr) 56px minmax(150px,1.4fr) 84px';

interface Props {
  items: readonly Finding[];
  selected: ReadonlySet<number>;
  onSelect: (selected: ReadonlySet<number>) => void;
  onOpen: (finding: Finding) => void;
  selectable: boolean;
}

/** Any number of findings; only the rows in sight exist in the page. */
export function FindingTable({ items, selected, onSelect, onOpen, selectable }: Props) {
  const { t } = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: items.length, getScrollElement: () => scroller.current, estimateSize: () => rowPx, overscan: 10 });
  const chosen = items.filter((f) => selected.has(f.id)).length;
  const toggle = (id: number) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    onSelect(next);
  };
  const heads = [t('word.state'), t('word.address'), t('word.model'), t('word.name'), t('word.profile'), t('word.points'), t('discovery.note'), t('discovery.lastSeen')];
  return (
    <div ref={scroller} className="vtable" style={{ height: Math.min(620, 38 + items.length * rowPx) }} role="table" aria-label={t('discovery.findings')} aria-rowcount={items.length + 1} tabIndex={0}>
      <div className="vtable-inner" role="rowgroup" style={{ minWidth: 1164 }}>
        <div className="vrow vhead" role="row" aria-rowindex={1} style={{ gridTemplateColumns: grid }}>
          <div role="columnheader">
            {selectable && (
              <Checkbox
                size="xs" aria-label={t('discovery.selectAll')} checked={chosen === items.length} indeterminate={chosen > 0 && chosen < items.length}
                onChange={() => onSelect(new Set(chosen === items.length ? [] : items.map((f) => f.id)))}
              />
            )}
          </div>
          {heads.map((head, i) => <div key={head} role="columnheader" className={i === 5 || i === 7 ? 'num' : undefined}>{head}</div>)}
        </div>
        <div className="vbody" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const finding = items[item.index];
            if (!finding) return null;
            return (
              <div key={finding.id} role="row" aria-rowindex={item.index + 2} className="vrow vitem" style={{ gridTemplateColumns: grid, height: rowPx, transform: `translateY(${item.start}px)` }}>
                <div role="cell">
                  {selectable && <Checkbox size="xs" aria-label={t('discovery.select', { address: finding.address })} checked={selected.has(finding.id)} onChange={() => toggle(finding.id)} />}
                </div>
                <Cells finding={finding} onOpen={onOpen} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Cells({ finding: f, onOpen }: { finding: Finding; onOpen: (finding: Finding) => void }) {
  const { t, language } = useText();
  const now = useNow(5000);
  const note = noteText(f, t);
  return (
    <>
      <div role="cell">
        <SeverityMark severity={stateSeverity[f.state]}>{t(`findingState.${f.state}`)}</SeverityMark>
      </div>
      <div role="cell" className="truncate">
        <button type="button" className="plain-link" onClick={() => onOpen(f)} title={t('discovery.showDetails')}>{f.address}</button>
        <div className="muted truncate">{[f.protocol, f.unit_id !== undefined && t('discovery.unitId', { unit: f.unit_id })].filter(Boolean).join(' · ')}</div>
      </div>
      <div role="cell" className="truncate">
        <div className="truncate">{[f.vendor, f.model].filter(Boolean).join(' ') || <span className="muted">{t('word.unknown')}</span>}</div>
        <div className="muted truncate">{[f.kind && t(`kind.${knownKind(f.kind)}`), f.serial].filter(Boolean).join(' · ')}</div>
      </div>
      <div role="cell" className="truncate">
        {f.device !== undefined
          ? <Link className="link truncate" to="/devices/$deviceId" params={{ deviceId: String(f.device) }}><b>{f.device_name}</b></Link>
          : f.sys_name}
        {f.device !== undefined && f.sys_name !== f.device_name && <div className="muted truncate">{f.sys_name}</div>}
      </div>
      <div role="cell" className="truncate">
        <div className="truncate">{f.profile}</div>
        <div className={f.confidence === 'high' ? 'muted truncate' : 'truncate'}>{t(`confidence.${f.confidence}`)}</div>
      </div>
      <div role="cell" className="num">{f.points === undefined ? '–' : formatCount(f.points, language)}</div>
      <div role="cell" className="two-lines" title={note}>{note}</div>
      <div role="cell" className="num" title={formatTime(f.last_seen, 'dateTime', language)}>{formatAge(now - Date.parse(f.last_seen), language)}</div>
    </>
  );
}
