import { Link } from '@tanstack/react-router';
import { DataTable, type Column } from '../../components/DataTable';
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
  const columns: Column<ProfileSummary>[] = [
    { id: 'profile', label: t('word.profile'), width: 'minmax(150px,1.6fr)', card: 'title', cell: (p) => <><Link className="link" to="/profiles/$profileName" params={{ profileName: p.name }}><b>{p.title}</b></Link><div className="muted">{p.name}</div></> },
    { id: 'kind', label: t('word.kind'), width: 'minmax(90px,0.7fr)', cell: (p) => (p.abstract ? <span className="muted">{t('profiles.abstract')}</span> : t(`kind.${knownKind(p.kind)}`)) },
    { id: 'products', label: t('profiles.products'), width: 'minmax(120px,1.3fr)', card: 'line', cell: (p) => products(p, (more) => t('discovery.more', { count: more })) },
    { id: 'protocol', label: t('word.protocol'), width: '66px', cell: (p) => (p.protocol === 'snmp' ? 'SNMP' : 'Modbus') },
    { id: 'source', label: t('word.source'), width: 'minmax(110px,1.3fr)', card: 'line', cell: (p) => <div className="two-lines" title={p.source}>{p.source}</div> },
    { id: 'origin', label: t('profiles.origin'), width: '96px', cell: (p) => <OriginMark profile={p} /> },
    { id: 'points', label: t('word.points'), width: '56px', numeric: true, cell: (p) => count(p.points) },
    { id: 'covered', label: t('profiles.covered'), width: '64px', numeric: true, cell: (p) => (p.abstract ? <span className="muted">–</span> : p.covered === undefined ? <span className="muted">…</span> : count(p.covered)) },
    { id: 'known', label: t('profiles.known'), width: '84px', cell: (p) => (p.abstract ? <span className="muted">–</span> : t(p.synthetic ? 'profiles.synthetic' : 'profiles.recorded')) },
    { id: 'devices', label: t('profiles.devices'), width: '56px', numeric: true, cell: (p) => (p.devices > 0 ? count(p.devices) : <span className="muted">–</span>) },
  ];
  return <DataTable label={t('profiles.inUse')} items={profiles} columns={columns} idOf={(p) => p.name} minWidth={1040} marksOf={(p) => ({ 'data-profile': p.name })} />;
}

function products({ products: all }: ProfileSummary, more: (count: number) => string) {
  return all.length > 0 && (
    <>
      {all.slice(0, shownProducts).map((x) => <div key={x.vendor + x.model}>{x.vendor} {x.model}</div>)}
      {all.length > shownProducts && <div className="muted">{more(all.length - shownProducts)}</div>}
    </>
  );
}
