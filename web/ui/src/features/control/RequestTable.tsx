import { Button, Code, Group } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ConfirmButton } from '../../components/ConfirmButton';
import { DataTable, type Column } from '../../components/DataTable';
import { SeverityMark, type Severity } from '../../components/SeverityMark';
import { formatDuration, formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { useNow } from '../../live/useLive';
import { useSession } from '../session/useSession';
import { DecideDialog } from './DecideDialog';
import { cancelControl, refreshControl, type ControlRequest, type ControlState } from './queries';
import { causeText, wishText } from './words';

const severities: Record<ControlState, Severity> = {
  requested: 'info', confirmed: 'info', executing: 'info', done: 'ok', failed: 'warning', 'outcome-unknown': 'critical', rejected: 'info', expired: 'info', cancelled: 'info',
};

/** Requests with who asked, who decided and what became of them. */
export function RequestTable({ requests, label }: { requests: readonly ControlRequest[]; label: string }) {
  const { t, language } = useText();
  const [decide, setDecide] = useState<ControlRequest>();
  const columns: Column<ControlRequest>[] = [
    { id: 'time', label: t('word.time'), width: '146px', cell: (r) => formatTime(r.requested_at, 'dateTime', language) },
    { id: 'device', label: t('word.device'), width: 'minmax(110px,1fr)', cell: (r) => (r.device ? <Link to="/devices/$deviceId" params={{ deviceId: String(r.device) }}>{r.device_name}</Link> : r.device_name) },
    {
      id: 'wanted', label: t('control.wanted'), width: 'minmax(180px,1.8fr)', card: 'line',
      cell: (r) => <><b>{wishText(r, t, language)}</b><div className="muted"><Code>{r.target}</Code> = <Code>{r.raw}</Code></div></>,
    },
    { id: 'reason', label: t('control.reason'), width: 'minmax(120px,1.2fr)', card: 'line', cell: (r) => r.reason },
    { id: 'persons', label: t('control.persons'), width: 'minmax(100px,0.9fr)', cell: (r) => <>{r.requester}{r.decider && <div className="muted">{t('control.decidedBy', { name: r.decider })}</div>}</> },
    { id: 'state', label: t('word.state'), width: 'minmax(150px,1.6fr)', cell: (r) => <State request={r} /> },
    { id: 'actions', label: '', width: '150px', numeric: true, card: 'line', cell: (r) => <Decide request={r} onDecide={() => setDecide(r)} /> },
  ];
  return (
    <>
      <DataTable label={label} items={requests} columns={columns} idOf={(r) => r.id} minWidth={1040} />
      {decide && <DecideDialog request={decide} onClose={() => setDecide(undefined)} />}
    </>
  );
}

function State({ request: r }: { request: ControlRequest }) {
  const { t, language } = useText();
  const now = useNow();
  return (
    <>
      <SeverityMark severity={severities[r.state]}>{t(`controlState.${r.state}`)}</SeverityMark>
      {r.state === 'requested' && <div className="muted">{t('control.expiresIn', { time: formatDuration(Math.max(0, Math.round((Date.parse(r.expires_at) - now) / 1000)), language) })}</div>}
      {r.cause && <div className="muted">{causeText(r.cause, t)}</div>}
      {r.detail && <div className="muted">{t('control.said', { text: r.detail })}</div>}
      {r.result && <div className="muted">{r.result}</div>}
    </>
  );
}

function Decide({ request, onDecide }: { request: ControlRequest; onDecide: () => void }) {
  const { t, language } = useText();
  const { may } = useSession();
  const queries = useQueryClient();
  const what = wishText(request, t, language);
  if (request.cancellable) {
    const cancel = async () => {
      await cancelControl(request.id);
      await refreshControl(queries);
    };
    return (
      <Group gap={4} justify="flex-end">
        {request.state === 'requested' && <span className="muted">{t('control.notYou')}</span>}
        <ConfirmButton label={t('control.takeBack')} question={t('control.takeBackSure', { what })} onConfirm={cancel} />
      </Group>
    );
  }
  if (request.state !== 'requested' || request.mine) return null;
  if (!may('control.confirm')) return <span className="muted">{t('control.whoMayConfirm')}</span>;
  return <Button size="compact-xs" aria-label={`${t('control.decide')}: ${what}`} onClick={onDecide}>{t('control.decide')}</Button>;
}
