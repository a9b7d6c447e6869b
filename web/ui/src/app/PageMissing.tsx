import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { EmptyState } from '../components/States';
import { useText } from '../i18n/useText';

export function PageMissing() {
  const { t } = useText();
  return (
    <EmptyState title={t('error.pageMissing')}>
      <Anchor component={Link} to="/">{t('nav.overview')}</Anchor>
    </EmptyState>
  );
}
