import { Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';
import { languages, switchLanguage } from '../../i18n';
import { useText } from '../../i18n/useText';

/** The frame of the pages before sign-in. */
export function CenterCard({ title, intro, children }: { title: string; intro?: string; children: ReactNode }) {
  const { t, language } = useText();
  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`;
  }, [title, t]);
  return (
    <main className="center-page">
      <Paper withBorder p="xl" w="100%" maw={400} radius="md">
        <Stack gap="md">
          <div className="brand">
            <img src="/favicon.svg" width={28} height={28} alt="" />
            <span>{t('app.name')}</span>
            <Text span size="xs" c="dimmed" fw={400}>{t('app.tagline')}</Text>
          </div>
          <div>
            <Title order={1}>{title}</Title>
            {intro && <Text size="sm" c="dimmed">{intro}</Text>}
          </div>
          {children}
          <SegmentedControl
            size="xs"
            aria-label={t('word.language')}
            value={language}
            onChange={(v) => switchLanguage(v === 'vi' ? 'vi' : 'en')}
            data={languages.map((l) => ({ value: l, label: t(`language.${l}`) }))}
          />
        </Stack>
      </Paper>
    </main>
  );
}
