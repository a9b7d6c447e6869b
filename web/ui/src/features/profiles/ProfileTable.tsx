import { Link } from '@tanstack/react-router';
import { formatCount } from '../../format/format';
import { useText } from '../../i18n/useText';
import { knownKind } from '../devices/kinds';
import { OriginMark } from './OriginMark';
import type { ProfileSummary } from './queries';

const shownProducts = 2;

/** The profiles with what they are for and how well they are known. */
export function ProfileTable({ profiles }: { profiles: readonly ProfileSummary[] }) {
  const { t, language } = useText();
  const count = (n: number) => formatCount(n, language);
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={t('profiles.inUse')}>
      <table className="plain" style={{ minWidth: 1100 }}>
        <thead>
          <tr>
            <th>{t('word.profile')}</th><th>{t('word.kind')}</th><th>{t('profiles.products')}</th><th>{t('word.protocol')}</th><th>{t('word.source')}</th>
            <th>{t('profiles.origin')}</th><th className="num">{t('word.points')}</th><th className="num">{t('profiles.covered')}</th><th>{t('profiles.known')}</th><th className="num">{t('profiles.devices')}</th>
          </tr>
        </thead>
        <tbody>
          {profiles.map((p) => (
            <tr key={p.name} data-profile={p.name}>
              <td><Link className="link" to="/profiles/$profileName" params={{ profileName: p.name }}><b>{p.title}</b></Link><div className="muted">{p.name}</div></td>
              <td>{p.abstract ? <span className="muted">{t('profiles.abstract')}</span> : t(`kind.${knownKind(p.kind)}`)}</td>
              <td>
                {p.products.slice(0, shownProducts).map((x) => <div key={x.vendor + x.model}>{x.vendor} {x.model}</div>)}
                {p.products.length > shownProducts && <div className="muted">{t('discovery.more', { count: p.products.length - shownProducts })}</div>}
              </td>
              <td>{p.protocol === 'snmp' ? 'SNMP' : 'Modbus'}</td>
              <td><div className="two-lines" style={{ maxWidth: 260 }} title={p.source}>{p.source}</div></td>
              <td><OriginMark profile={p} /></td>
              <td className="num">{count(p.points)}</td>
              <td className="num">{p.abstract ? <span className="muted">–</span> : p.covered === undefined ? <span className="muted">…</span> : count(p.covered)}</td>
              <td className="nowrap">{p.abstract ? <span className="muted">–</span> : t(p.synthetic ? 'profiles.synthetic' : 'profiles.recorded')}</td>
              <td className="num">{p.devices > 0 ? count(p.devices) : <span className="muted">–</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
