import { Button, Group, Popover, SegmentedControl, Stack, TextInput } from '@mantine/core';
import { IconCalendarTime, IconZoomOut } from '@tabler/icons-react';
import { useState } from 'react';
import { formatTime } from '../format/format';
import { useText } from '../i18n/useText';
import { serverNow } from '../live/clock';
import { defaultSpan, resolveRange, spans, zoomTo, type RangeSearch, type Span } from './timeRange';

interface Props {
  range: RangeSearch;
  onChange: (range: RangeSearch) => void;
}

/** As a datetime-local input wants it: local time without a zone. */
function localInput(ms: number): string {
  const d = new Date(ms);
  return new Date(ms - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** The one control of time: a span up to now, or from one moment to another. */
export function TimeRangeControl({ range, onChange }: Props) {
  const { t, language } = useText();
  const fixed = range.from !== undefined && range.to !== undefined;
  const label = fixed
    ? `${formatTime(range.from ?? 0, 'dateTime', language)} – ${formatTime(range.to ?? 0, 'dateTime', language)}`
    : t('trends.custom');
  return (
    <Group gap="xs">
      <SegmentedControl
        size="xs"
        aria-label={t('trends.range')}
        value={fixed ? '' : (range.last ?? defaultSpan)}
        onChange={(v) => onChange({ last: spans.find((s) => s === v), from: undefined, to: undefined })}
        data={spans.map((s: Span) => ({ value: s, label: t(`trends.r${s}`) }))}
      />
      <CustomRange range={range} label={label} onChange={onChange} />
      {fixed && (
        <Button size="compact-sm" variant="default" leftSection={<IconZoomOut size={15} aria-hidden />} onClick={() => window.history.back()}>
          {t('trends.zoomOut')}
        </Button>
      )}
    </Group>
  );
}

function CustomRange({ range, label, onChange }: Props & { label: string }) {
  const { t } = useText();
  const [opened, setOpened] = useState(false);
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const open = () => {
    const r = resolveRange(range, serverNow());
    setFrom(localInput(r.fromMs));
    setTo(localInput(r.toMs));
    setOpened((o) => !o);
  };
  const fromMs = Date.parse(from);
  const toMs = Date.parse(to);
  const apply = () => {
    onChange(zoomTo(fromMs, toMs));
    setOpened(false);
  };
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" shadow="md" trapFocus>
      <Popover.Target>
        <Button size="compact-sm" variant="default" onClick={open} leftSection={<IconCalendarTime size={15} aria-hidden />}>{label}</Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <TextInput type="datetime-local" step={1} label={t('trends.from')} value={from} onChange={(e) => setFrom(e.currentTarget.value)} />
          <TextInput type="datetime-local" step={1} label={t('trends.to')} value={to} onChange={(e) => setTo(e.currentTarget.value)} />
          <Button size="xs" onClick={apply} disabled={!(toMs > fromMs)}>{t('trends.apply')}</Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
