import { Checkbox, Group, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useDeferredValue, useMemo, useRef, useState } from 'react';
import { PointValueText } from '../../components/PointValueText';
import { EmptyState } from '../../components/States';
import { useScrollRows } from '../../components/useScrollRows';
import { useWidth } from '../../components/useWidth';
import { formatAge, formatTime } from '../../format/format';
import { partName, pointName } from '../../i18n/pointNames';
import { useText } from '../../i18n/useText';
import type { Value } from '../../live/freshness';
import { currentOf, groupPoints, isAbnormal, mostInPart, partsOf, type PointGroup } from './pointGroups';
import type { PointValue } from './queries';

interface Props {
  items: readonly PointValue[];
  live: ReadonlyMap<number, Value>;
  nowMs: number;
  selected?: number;
  onSelect: (point: number) => void;
}

/** The live points of a device, by its parts. */
export function PointGroups(props: Props) {
  const { t, language } = useText();
  const { items, live } = props;
  const [words, setWords] = useState('');
  const wanted = useDeferredValue(words);
  const [abnormal, setAbnormal] = useState(false);
  // Live values change what is abnormal, not what a point is called.
  const values = abnormal ? live : undefined;
  const groups = useMemo(() => {
    const shown = values ? items.filter((i) => isAbnormal(currentOf(i, values))) : items;
    return partsOf(groupPoints(shown, wanted, language));
  }, [items, values, wanted, language]);
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t('devices.livePoints')} <span className="muted" style={{ fontWeight: 400 }}>{t('devices.pointCount', { count: items.length })}</span></h2>
        <Group gap="sm">
          <Checkbox size="xs" label={t('devices.onlyAbnormal')} checked={abnormal} onChange={(e) => setAbnormal(e.currentTarget.checked)} />
          <TextInput size="xs" w={180} aria-label={t('devices.filterPoints')} placeholder={t('devices.filterPoints')} leftSection={<IconSearch size={14} aria-hidden />} value={words} onChange={(e) => setWords(e.currentTarget.value)} />
        </Group>
      </div>
      {items.length === 0 && <EmptyState title={t('devices.noPoints')} hint={t('devices.noPointsHint')} />}
      {items.length > 0 && groups.length === 0 && <EmptyState title={t('search.nothing')} />}
      {groups.length > 0 && <Lanes {...props} groups={groups} />}
    </section>
  );
}

const laneWidth = 360;
const mostLanes = 4;
const captionPx = 36;
const pointPx = 32;

/** Groups side by side, each in the shortest lane; only those in sight exist. */
function Lanes({ groups, ...props }: Props & { groups: readonly PointGroup[] }) {
  const list = useRef<HTMLDivElement>(null);
  const width = useWidth(list);
  const lanes = Math.min(mostLanes, Math.max(1, Math.floor(width / laneWidth)));
  return <div ref={list} className="point-groups">{width > 0 && <LaneRows key={lanes} {...props} groups={groups} lanes={lanes} />}</div>;
}

function LaneRows({ groups, lanes, ...props }: Props & { groups: readonly PointGroup[]; lanes: number }) {
  const list = useRef<HTMLDivElement>(null);
  const { items, totalPx, marginPx, measure } = useScrollRows({
    list, lanes, count: groups.length, keyOf: (i) => `${groups[i]?.component} ${groups[i]?.part}`, guessPx: (i) => captionPx + pointPx * (groups[i]?.items.length ?? 0),
  });
  return (
    <div ref={list} style={{ position: 'relative', height: totalPx }}>
      {items.map(({ index, key, start, lane }) => {
        const group = groups[index];
        return group && (
          <div key={String(key)} data-index={index} ref={measure} className="point-lane" style={{ width: `${100 / lanes}%`, left: `${(100 * lane) / lanes}%`, transform: `translateY(${start - marginPx}px)` }}>
            <GroupTable group={group} {...props} />
          </div>
        );
      })}
    </div>
  );
}

function GroupTable({ group, live, nowMs, selected, onSelect }: Props & { group: PointGroup }) {
  const { t, language } = useText();
  const [first] = group.items;
  const title = group.component && first ? partName({ ...first.point, component: group.component }, language) : t('devices.device');
  return (
    <table className="plain point-group">
      <caption>{title}{group.part > 0 && <span className="muted"> · {t('devices.pointsFrom', { from: group.part * mostInPart + 1 })}</span>}</caption>
      <thead className="visually-hidden">
        <tr><th>{t('word.point')}</th><th>{t('word.value')}</th><th>{t('word.age')}</th></tr>
      </thead>
      <tbody>
        {group.items.map((item) => {
          const value = currentOf(item, live);
          const name = pointName(item.point, language);
          return (
            <tr key={item.point.id} data-link className="point-row" data-point={item.point.key} data-selected={selected === item.point.id} onClick={() => onSelect(item.point.id)}>
              <td>
                <button type="button" className="sort" title={`${item.point.key} · ${item.point.source ?? ''}`} aria-label={`${t('action.showTrend')}: ${title}: ${name}`}>{name}</button>
              </td>
              <td className="num" data-testid="point-value"><PointValueText point={item.point} value={value} nowMs={nowMs} /></td>
              <td className="num muted age" title={value.time && formatTime(value.time, 'dateTime', language)}>
                {value.time ? formatAge(nowMs - Date.parse(value.time), language) : '–'}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
