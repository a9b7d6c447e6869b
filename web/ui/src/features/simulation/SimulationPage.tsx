import { Button, Group, Select } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client, done, unwrap } from '../../api/client';
import { ApiError } from '../../api/problem';
import { DataTable, type Column } from '../../components/DataTable';
import { PageHeader } from '../../components/PageHeader';
import { Panel } from '../../components/Panel';
import { EmptyState, ErrorState, errorText, LoadingState } from '../../components/States';
import { formatAge, formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { useNow } from '../../live/useLive';
import { useSession } from '../session/useSession';
import { faultName } from './faultName';
import { simulationKey, simulationQuery } from './queries';

export function SimulationPage() {
  const { t, language } = useText();
  const { may } = useSession();
  const queries = useQueryClient();
  const now = useNow();
  const { data, error, isPending, refetch } = useQuery({ ...simulationQuery(), refetchInterval: 3000 });
  const [kind, setKind] = useState<string | null>(null);
  const [target, setTarget] = useState<string | null>(null);
  const after = (message: string) => {
    notifications.show({ message });
    void queries.invalidateQueries({ queryKey: simulationKey });
  };
  const onError = (fault: Error) => notifications.show({ message: `${errorText(fault, t)} ${fault.message}` });
  const inject = useMutation({
    mutationFn: () => unwrap(client.POST('/simulation/faults', { body: { kind: kind ?? '', target: target ?? '' } })),
    onSuccess: () => after(t('simulation.injected')),
    onError,
  });
  const clear = useMutation({
    mutationFn: (fault: string) => done(client.DELETE('/simulation/faults/{fault}', { params: { path: { fault } } })),
    onSuccess: () => after(t('simulation.cleared')),
    onError,
  });
  if (isPending) return <LoadingState />;
  if (error instanceof ApiError && error.status === 404) return <EmptyState title={t('simulation.off')} hint={t('simulation.offHint')} />;
  if (!data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  const allowed = may('simulation.fault');
  const targets = data.kinds.find((k) => k.kind === kind)?.targets ?? [];
  const columns: Column<(typeof data.active)[number]>[] = [
    { id: 'kind', label: t('simulation.kind'), width: 'minmax(150px,1fr)', card: 'title', cell: (f) => faultName(f.kind, t) },
    { id: 'target', label: t('simulation.target'), width: 'minmax(150px,1fr)', cell: (f) => f.target },
    { id: 'since', label: t('word.since'), width: 'minmax(190px,1fr)', cell: (f) => <>{formatTime(f.since, 'dateTime', language)} <span className="muted">({formatAge(now - Date.parse(f.since), language)})</span></> },
    { id: 'actions', label: '', width: '110px', numeric: true, card: 'line', cell: (f) => allowed && <Button size="compact-xs" variant="default" onClick={() => clear.mutate(f.id)}>{t('action.clearFault')}</Button> },
  ];
  return (
    <>
      <PageHeader title={t('simulation.title')} />
      <p className="muted" style={{ marginTop: 0 }}>{t('simulation.intro')}</p>
      <div className="grid">
        {allowed && (
          <Panel title={t('action.inject')}>
            <Group align="flex-end" gap="sm">
              <Select
                label={t('simulation.kind')} w={260} value={kind} data={data.kinds.map((k) => ({ value: k.kind, label: faultName(k.kind, t) }))}
                onChange={(v) => {
                  setKind(v);
                  setTarget(data.kinds.find((k) => k.kind === v)?.targets[0] ?? null);
                }}
              />
              <Select label={t('simulation.target')} w={260} searchable limit={200} value={target} data={targets} onChange={setTarget} disabled={!kind} />
              <Button disabled={!kind || (targets.length > 0 && !target)} loading={inject.isPending} onClick={() => inject.mutate()}>{t('action.inject')}</Button>
            </Group>
          </Panel>
        )}
        <Panel title={t('simulation.active')} flush>
          {data.active.length === 0 ? <EmptyState title={t('simulation.none')} /> : (
            <DataTable label={t('simulation.active')} items={data.active} columns={columns} idOf={(f) => f.id} minWidth={620} />
          )}
        </Panel>
      </div>
    </>
  );
}
