import { Alert, Button, Group } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ConfirmButton } from '../../components/ConfirmButton';
import { DataTable, type Column } from '../../components/DataTable';
import { problemText } from '../../components/problemText';
import { formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { cancelScan, refreshDiscovery, removeRange, startScan, type DiscoveryRange } from './queries';
import { ScanStateText } from './ScanStateText';

interface Props {
  ranges: readonly DiscoveryRange[];
  manage: boolean;
  onEdit: (range: DiscoveryRange) => void;
}

/** The ranges with their last scans. */
export function RangeTable({ ranges, manage, onEdit }: Props) {
  const words = useText();
  const { t, language } = words;
  const queries = useQueryClient();
  const scan = useMutation({
    mutationFn: (range: DiscoveryRange) => (range.last?.state === 'running' ? cancelScan(range.last.id) : startScan(range.id).then(() => undefined)),
    onSettled: () => refreshDiscovery(queries),
  });
  const remove = async (id: number) => {
    await removeRange(id);
    await refreshDiscovery(queries);
  };
  const columns: Column<DiscoveryRange>[] = [
    { id: 'name', label: t('word.name'), width: 'minmax(120px,1fr)', card: 'title', cell: ({ input, site_name: site }) => <><b>{input.name}</b><div className="muted">{site}</div></> },
    { id: 'ranges', label: t('discovery.ranges'), width: 'minmax(150px,1fr)', cell: ({ input }) => <Ranges ranges={input.ranges} /> },
    { id: 'tried', label: t('discovery.triedWith'), width: 'minmax(140px,1fr)', cell: (range) => <TriedWith range={range} /> },
    { id: 'last', label: t('discovery.lastScan'), width: 'minmax(170px,1.3fr)', card: 'line', cell: (range) => <ScanStateText scan={range.last} /> },
    {
      id: 'next', label: t('discovery.nextScan'), width: '146px',
      cell: ({ input, next, last }) => (!input.enabled ? <span className="muted">{t('discovery.disabled')}</span> : next ? formatTime(next, 'dateTime', language) : <span className="muted">{last?.state === 'running' ? '' : t('discovery.byHand')}</span>),
    },
    { id: 'actions', label: '', width: manage ? '240px' : '0px', numeric: true, card: 'line', cell: (range) => manage && <Actions range={range} pending={scan.isPending && scan.variables.id === range.id} onScan={() => scan.mutate(range)} onEdit={() => onEdit(range)} onRemove={() => remove(range.id)} /> },
  ];
  return (
    <>
      {scan.error && <Alert color="red" variant="light" role="alert" m="sm">{problemText(scan.error, words)}</Alert>}
      <div className="scroll-box" style={{ maxHeight: '46vh' }}>
        <DataTable label={t('discovery.rangesTitle')} items={ranges} columns={columns} idOf={(range) => range.id} minWidth={1040} />
      </div>
    </>
  );
}

interface ActionProps {
  range: DiscoveryRange;
  pending: boolean;
  onScan: () => void;
  onEdit: () => void;
  onRemove: () => Promise<void>;
}

function Actions({ range: { input, last }, pending, onScan, onEdit, onRemove }: ActionProps) {
  const { t } = useText();
  const running = last?.state === 'running';
  const scan = t(running ? 'discovery.cancelScan' : 'discovery.scanNow');
  return (
    <Group gap={4} justify="flex-end">
      <Button size="compact-xs" variant="default" loading={pending} disabled={!input.enabled && !running} aria-label={`${scan}: ${input.name}`} onClick={onScan}>{scan}</Button>
      <Button size="compact-xs" variant="default" aria-label={`${t('action.edit')}: ${input.name}`} onClick={onEdit}>{t('action.edit')}</Button>
      <ConfirmButton label={t('action.delete')} question={t('discovery.removeSure', { name: input.name })} onConfirm={onRemove} />
    </Group>
  );
}

const shownRanges = 4;

function Ranges({ ranges }: { ranges: readonly string[] }) {
  const { t } = useText();
  return (
    <>
      {ranges.slice(0, shownRanges).map((r) => <div key={r}>{r}</div>)}
      {ranges.length > shownRanges && <div className="muted">{t('discovery.moreRanges', { count: ranges.length - shownRanges })}</div>}
    </>
  );
}

function TriedWith({ range: { input, credential_names: names } }: { range: DiscoveryRange }) {
  const { t } = useText();
  return (
    <>
      {names.length > 0 && <div>SNMP: {names.join(' → ')}{input.snmp_port !== 161 && ` (${t('discovery.port', { port: input.snmp_port })})`}</div>}
      {input.units && <div>Modbus: {t('discovery.unitIds', { units: input.units })}{input.modbus_port !== 502 && ` (${t('discovery.port', { port: input.modbus_port })})`}</div>}
    </>
  );
}
