import { Link } from '@tanstack/react-router';
import { Panel } from '../../components/Panel';
import { PollStateMark } from '../../components/PollStateMark';
import { EmptyState } from '../../components/States';
import { formatNumber } from '../../format/format';
import { useText } from '../../i18n/useText';
import { knownKind } from '../devices/kinds';
import type { RackDetail } from './queries';

export function RackDevices({ rack }: { rack: RackDetail }) {
  const { t, language } = useText();
  const devices = [...rack.devices].sort((a, b) => (b.position_u ?? -1) - (a.position_u ?? -1));
  return (
    <Panel title={t('rack.devices')} flush>
      {devices.length === 0 ? <EmptyState title={t('rack.noDevices')} /> : (
        <div className="scroll-x">
          <table className="plain">
            <thead><tr><th>U</th><th>{t('word.name')}</th><th>{t('word.kind')}</th><th>{t('word.state')}</th></tr></thead>
            <tbody>
              {devices.map((d) => (
                <tr key={d.id} data-link>
                  <td className="nowrap">{d.position_u ? formatNumber(d.position_u, Number.isInteger(d.position_u) ? 0 : 1, language) : t('rack.zeroU')}</td>
                  <td><Link className="link" to="/devices/$deviceId" params={{ deviceId: String(d.id) }}>{d.name}</Link></td>
                  <td>{t(`kind.${knownKind(d.kind)}`)}</td>
                  <td><PollStateMark state={d.state} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
