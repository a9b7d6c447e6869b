import { Button, Code, Group } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ConfirmButton } from '../../components/ConfirmButton';
import { SeverityMark, type Severity } from '../../components/SeverityMark';
import { formatDuration, formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { useNow } from '../../live/useLive';
import { useSession } from '../session/useSession';
import { DecideDialog } from './DecideDialog';
import { cancelControl, refreshControl, type ControlRequest, type ControlState } from './queries';
import { wishText } from './words';

const severities: Record<ControlState, Severity> = {
  requested: 'info', confirmed: 'info', executing: 'info', done: 'ok', failed: 'warning', 'outcome-unknown': 'critical', rejected: 'info', expired: 'info', cancelled: 'info',
};

/** Requests with who asked, who decided and what became of them. */
export function RequestTable({ requests, label }: { requests: readonly ControlRequest[]; label: string }) {
  const { t, language } = useText();
  const now = useNow();
  const [decide, setDecide] = useState<ControlRequest>();
  return (
    <div className="scroll-x">
      <table className="plain" aria-label={label} style={{ minWidth: 900 }}>
        <thead>
          <tr><th>{t('word.time')}</th><th>{t('word.device')}</th><th>{t('control.wanted')}</th><th>{t('control.reason')}</th><th>{t('control.persons')}</th><th>{t('word.state')}</th><th aria-label={t('word.actions')} /></tr>
        </thead>
        <tbody>
          {requests.map((r) => (
            <tr key={r.id}>
              <td className="nowrap">{formatTime(r.requested_at, 'dateTime', language)}</td>
              <td>{r.device ? <Link to="/devices/$deviceId" params={{ deviceId: String(r.device) }}>{r.device_name}</Link> : r.device_name}</td>
              <td><b>{wishText(r, t, language)}</b><div className="muted"><Code>{r.target}</Code> = <Code>{r.raw}</Code></div></td>
              <td style={{ maxWidth: 280, overflowWrap: 'anywhere' }}>{r.reason}</td>
              <td>{r.requester}{r.decider && <div className="muted">{t('control.decidedBy', { name: r.decider })}</div>}</td>
              <td>
                <SeverityMark severity={severities[r.state]}>{t(`controlState.${r.state}`)}</SeverityMark>
                {r.state === 'requested' && <div className="muted">{t('control.expiresIn', { time: formatDuration(Math.max(0, Math.round((Date.parse(r.expires_at) - now) / 1000)), language) })}</div>}
                {r.cause && <div className="muted" style={{ maxWidth: 320 }}>{t(`controlCause.${r.cause}`)}</div>}
                {r.detail && <div className="muted" style={{ maxWidth: 320, overflowWrap: 'anywhere' }}>{r.detail}</div>}
                {r.result && <div className="muted" style={{ maxWidth: 320, overflowWrap: 'anywhere' }}>{r.result}</div>}
              </td>
              <td className="num"><Decide request={r} onDecide={() => setDecide(r)} /></td>
            </tr>
          ))}
        </tbody>
      </table>
      {decide && <DecideDialog request={decide} onClose={() => setDecide(undefined)} />}
    </div>
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
  if (request.state !== 'requested' || request.mine || !may('control.confirm')) return null;
  return <Button size="compact-xs" aria-label={`${t('control.decide')}: ${what}`} onClick={onDecide}>{t('control.decide')}</Button>;
}
