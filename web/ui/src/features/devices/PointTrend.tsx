import { CloseButton, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Panel } from '../../components/Panel';
import { TimeRangeControl } from '../../components/TimeRangeControl';
import type { RangeSearch } from '../../components/timeRange';
import { fullPointName } from '../../i18n/pointNames';
import { useText } from '../../i18n/useText';
import { TrendChart } from '../trends/TrendChart';
import { trendsQuery } from '../trends/queries';
import type { Point } from './queries';

interface Props {
  point: Point;
  range: RangeSearch;
  onRange: (range: RangeSearch) => void;
  onClose: () => void;
}

/** The history of the point that is selected on the page of its device. */
export function PointTrend({ point, range, onRange, onClose }: Props) {
  const { t, language } = useText();
  const trends = useQuery(trendsQuery([point.id], range, 400));
  const { last, from, to } = range;
  return (
    <Panel
      title={fullPointName(point, language)}
      right={
        <Group gap="sm" wrap="nowrap">
          <Link className="nowrap" to="/trends" search={{ points: [point.id], last, from, to }}>{t('action.openTrends')}</Link>
          <CloseButton size="sm" aria-label={t('action.close')} onClick={onClose} />
        </Group>
      }
    >
      <TimeRangeControl range={range} onChange={onRange} />
      <TrendChart query={trends} height={220} range={range} onRange={onRange} />
    </Panel>
  );
}
