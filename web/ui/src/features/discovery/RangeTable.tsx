import { Alert, Button, Group } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ConfirmButton } from '../../components/ConfirmButton';
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
  return (
    <>
      {scan.error && <Alert color="red" variant="light" role="alert" m="sm">{problemText(scan.error, words)}</Alert>}
      <div className="scroll-x" style={{ maxHeight: '46vh', overflowY: 'auto' }}>
        <table className="plain" style={{ minWidth: 1000 }}>
          <thead>
            <tr><th>{t('word.name')}</th><th>{t('discovery.ranges')}</th><th>{t('discovery.triedWith')}</th><th>{t('discovery.lastScan')}</th><th>{t('discovery.nextScan')}</th><th aria-label={t('word.actions')} /></tr>
          </thead>
          <tbody>
            {ranges.map((range) => {
              const { input, last } = range;
              const running = last?.state === 'running';
              const pending = scan.isPending && scan.variables.id === range.id;
              return (
                <tr key={range.id}>
                  <td><b>{input.name}</b><div className="muted">{range.site_name}</div></td>
                  <td>{input.ranges.slice(0, 4).map((r) => <div key={r} className="nowrap">{r}</div>)}{input.ranges.length > 4 && <div className="muted">{t('discovery.moreRanges', { count: input.ranges.length - 4 })}</div>}</td>
                  <td><TriedWith range={range} /></td>
                  <td><ScanStateText scan={last} /></td>
                  <td className="nowrap">
                    {!input.enabled ? <span className="muted">{t('discovery.disabled')}</span> : range.next ? formatTime(range.next, 'dateTime', language) : <span className="muted">{running ? '' : t('discovery.byHand')}</span>}
                  </td>
                  <td className="num">
                    {manage && (
                      <Group gap={4} justify="flex-end" wrap="nowrap">
                        <Button size="compact-xs" variant="default" loading={pending} disabled={!input.enabled && !running} aria-label={`${t(running ? 'discovery.cancelScan' : 'discovery.scanNow')}: ${input.name}`} onClick={() => scan.mutate(range)}>
                          {t(running ? 'discovery.cancelScan' : 'discovery.scanNow')}
                        </Button>
                        <Button size="compact-xs" variant="default" aria-label={`${t('action.edit')}: ${input.name}`} onClick={() => onEdit(range)}>{t('action.edit')}</Button>
                        <ConfirmButton label={t('action.delete')} question={t('discovery.removeSure', { name: input.name })} onConfirm={() => remove(range.id)} />
                      </Group>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
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
