import { Alert } from '@mantine/core';
import { useText } from '../../i18n/useText';
import { changedLines } from './changedLines';
import type { ReplacedProfile } from './queries';

interface Props {
  profile: ReplacedProfile;
  /** What would take its place. */
  text: string;
  /** Somebody else changed it since it was opened. */
  changed: boolean;
}

/** The profile in use that would be replaced, and the lines in which the two differ. */
export function Replaced({ profile: { summary, file }, text, changed }: Props) {
  const { t } = useText();
  const origin = summary.origin === 'built-in' ? 'profileOrigin.built-in' : summary.replaces ? 'profileOrigin.replaced' : 'profileOrigin.site';
  const { before, after, from } = changedLines(file, text);
  return (
    <Alert color="orange" variant="light" role="alert" title={t(changed ? 'profiles.changedMeanwhile' : 'profiles.inTheWay', { name: summary.name })}>
      <div>{summary.title} · {t(origin)} · {t('profiles.readByIt', { count: summary.devices })}</div>
      {before.length + after.length === 0 && <div>{t('profiles.sameText')}</div>}
      {before.length + after.length > 0 && (
        <div className="replaced">
          <figure><figcaption>{t('profiles.inUseFrom', { line: from })}</figcaption><pre className="code" tabIndex={0}>{before.join('\n')}</pre></figure>
          <figure><figcaption>{t('profiles.insteadOf')}</figcaption><pre className="code" tabIndex={0}>{after.join('\n')}</pre></figure>
        </div>
      )}
    </Alert>
  );
}
