import { Button, Group } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { PageHeader } from '../../components/PageHeader';
import { EmptyState } from '../../components/States';
import { TimeRangeControl } from '../../components/TimeRangeControl';
import type { RangeSearch } from '../../components/timeRange';
import { browserZone, formatDuration } from '../../format/format';
import { useText } from '../../i18n/useText';
import { download, trendsCsv } from './csv';
import { PointPicker } from './PointPicker';
import { trendsQuery } from './queries';
import { TrendChart } from './TrendChart';
import { TrendTable } from './TrendTable';

const route = getRouteApi('/shell/trends');
export const mostPoints = 12;

export function TrendsPage() {
  const { t, language } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const points = search.points ?? [];
  const trends = useQuery(trendsQuery(points, search));
  const setRange = (range: RangeSearch) => void navigate({ search: (s) => ({ ...s, ...range }) });
  const setPoints = (next: number[]) => void navigate({ search: (s) => ({ ...s, points: next.length ? next : undefined }) });
  const shown = trends.data && points.length > 0 ? trends.data : undefined;
  return (
    <>
      <PageHeader
        title={t('trends.title')}
        right={
          <Button size="xs" variant="default" leftSection={<IconDownload size={15} aria-hidden />} disabled={!shown} onClick={() => shown && download('trends.csv', trendsCsv(shown.series, language))}>
            {t('action.export')}
          </Button>
        }
      />
      <div className="grid">
        <Group gap="sm" align="center">
          <PointPicker selected={points} most={mostPoints} onAdd={(id) => setPoints([...points, id])} />
          <TimeRangeControl range={search} onChange={setRange} />
        </Group>
        {points.length === 0 && <div className="panel"><EmptyState title={t('trends.empty')} hint={t('trends.emptyHint')} /></div>}
        {points.length > 0 && (
          <section className="panel panel-body">
            <TrendChart query={trends} height={420} range={search} onRange={setRange} />
            <Group justify="space-between" mt={4}>
              <span className="muted" style={{ fontSize: 12 }}>{t('trends.dragHint')} · {t('trends.gaps')}</span>
              <span className="muted" style={{ fontSize: 12 }}>
                {shown && `${t('trends.step', { step: formatDuration(shown.step_ms / 1000, language) })} · ${t('trends.band')} · `}
                {t('trends.zone', { zone: browserZone() })}
              </span>
            </Group>
          </section>
        )}
        {shown && <TrendTable series={shown.series} stepMs={shown.step_ms} onRemove={(id) => setPoints(points.filter((p) => p !== id))} />}
      </div>
    </>
  );
}
