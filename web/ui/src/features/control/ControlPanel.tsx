import { Button, Group, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schemas } from '../../api/client';
import { DataTable, type Column } from '../../components/DataTable';
import { Panel } from '../../components/Panel';
import { SeverityMark } from '../../components/SeverityMark';
import { EmptyState, ErrorState } from '../../components/States';
import { formatQuantity } from '../../format/format';
import { labelText, stateName } from '../../i18n/pointNames';
import { useText } from '../../i18n/useText';
import { aboutQuery } from '../about/queries';
import { useSession } from '../session/useSession';
import { Permission } from './Permission';
import { controlsQuery, type Control } from './queries';
import { RequestDialog } from './RequestDialog';
import { nameBeside, optionText } from './words';

interface Props {
  device: Schemas['DeviceSummary'];
  points: readonly Schemas['PointValue'][];
}

/** What can be written to a device. Nothing is shown while control is off, or the device does not allow it. */
export function ControlPanel({ device, points }: Props) {
  const { t } = useText();
  const { may } = useSession();
  const { data: about } = useQuery(aboutQuery());
  const on = about?.control === true && Boolean(device.protocol);
  const { data, error, isPending, refetch } = useQuery(controlsQuery(device.id, on));
  const [asked, setAsked] = useState<{ control: Control; option?: string }>();
  const columns: Column<Control>[] = [
    { id: 'name', label: t('word.name'), width: 'minmax(70px,1fr)', card: 'title', cell: (c) => <Name control={c} points={points} /> },
    { id: 'state', label: t('word.state'), width: 'minmax(58px,0.7fr)', cell: (c) => <Shown control={c} /> },
    { id: 'actions', label: '', width: 'minmax(126px,1.2fr)', numeric: true, card: 'line', cell: (c) => <Actions control={c} onAsk={(option) => setAsked({ control: c, option })} /> },
  ];
  if (!on || isPending) return null;
  const allowed = data?.permission.allowed ?? false;
  if (data && !allowed && !may('control.allow')) return null;
  return (
    <Panel title={t('control.title')} flush right={data && may('control.allow') && <Permission device={device} permission={data.permission} />}>
      {!data && <ErrorState error={error} onRetry={() => void refetch()} />}
      {data && !allowed && <EmptyState title={t('control.notAllowed')} hint={t('control.notAllowedHint')} />}
      {allowed && data && !data.known && data.items.length === 0 && <Looking state={device.state} />}
      {allowed && data?.known && data.items.length === 0 && <EmptyState title={t('control.nothing')} hint={t('control.nothingHint')} />}
      {allowed && data && data.items.length > 0 && (
        <div className="scroll-box" style={{ maxHeight: 420 }} tabIndex={0} role="region" aria-label={t('control.title')}>
          <DataTable label={t('control.title')} items={data.items} columns={columns} idOf={(c) => c.key} minWidth={270} />
        </div>
      )}
      {asked && <RequestDialog device={device} control={asked.control} option={asked.option} onClose={() => setAsked(undefined)} />}
    </Panel>
  );
}

/** What can be written is not known yet: the device is being looked at, or does not let itself be. */
function Looking({ state }: { state: Props['device']['state'] }) {
  const { t } = useText();
  if (state !== 'ok' && state !== 'learning') return <EmptyState title={t('control.notSeen')} hint={t('control.notSeenHint')} />;
  return <Group gap="xs" p="md" role="status"><Loader size="xs" aria-hidden />{t('control.looking')}</Group>;
}

/** The name of a control, and what the device calls the thing it moves where that is another name. */
function Name({ control, points }: { control: Control; points: Props['points'] }) {
  const { language } = useText();
  const own = nameBeside(control, points);
  return <span title={control.key}><b>{labelText(control, language)}</b>{own && <div className="muted">{own}</div>}</span>;
}

function Shown({ control }: { control: Control }) {
  const { t, language } = useText();
  const { state } = control;
  if (!state) return <span className="muted">{t('quality.none')}</span>;
  if (!state.text) return <>{formatQuantity(state.value, control.unit ?? '', language)}</>;
  return <SeverityMark severity={state.severity ?? 'unknown'}>{stateName(state.text, language)}</SeverityMark>;
}

function Actions({ control, onAsk }: { control: Control; onAsk: (option?: string) => void }) {
  const { t, language } = useText();
  const label = labelText(control, language);
  const { may } = useSession();
  if (control.open) {
    return <Link to="/control">{t(control.open.state === 'requested' ? 'control.waits' : 'control.underWay')}</Link>;
  }
  if (!may('control.request')) return null;
  if (control.kind === 'set-point') {
    return <Button size="compact-xs" variant="default" aria-label={`${label}: ${t('control.set')}`} onClick={() => onAsk()}>{t('control.set')}</Button>;
  }
  return (
    <Group gap={4} justify="flex-end">
      {control.options?.filter((o) => !o.is_now).map((o) => (
        <Button key={o.name} size="compact-xs" variant="default" aria-label={`${label}: ${optionText(o.name, t)}`} onClick={() => onAsk(o.name)}>
          {optionText(o.name, t)}
        </Button>
      ))}
    </Group>
  );
}
