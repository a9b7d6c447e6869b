import { Alert } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { profilesQuery } from './queries';

/** One line where polling is looked after: the site's profiles on disk are not in use. */
export function RefusedLine() {
  const { t, language } = useText();
  const { data: refused } = useQuery({ ...profilesQuery(), refetchInterval: 60_000, select: (list) => list.refused });
  if (!refused) return null;
  return (
    <Alert color="red" variant="light" role="alert" mb="sm" py="xs">
      {t('profiles.refused', { time: formatTime(refused.at, 'dateTime', language) })} · <Link className="link" to="/profiles">{t('profiles.title')}</Link>
    </Alert>
  );
}
