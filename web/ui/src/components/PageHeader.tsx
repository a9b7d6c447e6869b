import { Group, Title } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';
import { useText } from '../i18n/useText';

/** The title of a page, which is also the title of the browser's tab. */
export function PageHeader({ title, above, right }: { title: string; above?: ReactNode; right?: ReactNode }) {
  const { t } = useText();
  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`;
  }, [title, t]);
  return (
    <div>
      {above}
      <Group justify="space-between" align="center" mb="sm" gap="xs">
        <Title order={1}>{title}</Title>
        {right}
      </Group>
    </div>
  );
}
