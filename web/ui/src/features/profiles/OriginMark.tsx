import { SeverityMark } from '../../components/SeverityMark';
import { useText } from '../../i18n/useText';
import type { ProfileSummary } from './queries';

/** Whether a profile is built in, or the site's own; one that replaces a built-in one is marked. */
export function OriginMark({ profile: p }: { profile: Pick<ProfileSummary, 'origin' | 'replaces'> }) {
  const { t } = useText();
  if (p.origin === 'built-in') return <span className="muted nowrap">{t('profileOrigin.built-in')}</span>;
  return <SeverityMark severity="info">{t(p.replaces ? 'profileOrigin.replaced' : 'profileOrigin.site')}</SeverityMark>;
}
