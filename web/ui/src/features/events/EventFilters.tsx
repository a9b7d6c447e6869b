import { Button, Group, MultiSelect, SegmentedControl, Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconX } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { SearchInput } from '../../components/SearchInput';
import { spans, type RangeSearch } from '../../components/timeRange';
import type { Severity } from '../../components/SeverityMark';
import { formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { deviceQuery, devicesQuery } from '../devices/queries';
import { eventKinds, eventSeverities, type EventKind } from './queries';

export interface EventSearch extends RangeSearch {
  q?: string;
  device?: number;
  kind?: EventKind[];
  severity?: Severity[];
}

interface Props {
  search: EventSearch;
  deviceName?: string;
  setSearch: (change: Partial<EventSearch>) => void;
  onClear?: () => void;
}

const always = 'always';

export function EventFilters({ search, deviceName, setSearch, onClear }: Props) {
  const { t, language } = useText();
  const device = useQuery({ ...deviceQuery(search.device ?? 0), enabled: search.device !== undefined && deviceName === undefined });
  const fixed = search.from !== undefined && search.to !== undefined;
  return (
    <Group gap="xs" mb="sm" align="center">
      <SearchInput value={search.q} placeholder={t('events.search')} width={250} onSearch={(q) => setSearch({ q })} />
      {search.device === undefined && <DeviceChoice onChoose={(id) => setSearch({ device: id })} />}
      <MultiSelect
        size="xs" w={230} clearable aria-label={t('events.severity')} placeholder={search.severity ? undefined : t('events.severity')}
        data={eventSeverities.map((s) => ({ value: s, label: t(`severity.${s}`) }))} value={search.severity ?? []}
        onChange={(v) => setSearch({ severity: v.length ? eventSeverities.filter((s) => v.includes(s)) : undefined })}
      />
      <MultiSelect
        size="xs" w={230} clearable aria-label={t('word.kind')} placeholder={search.kind ? undefined : t('word.kind')}
        data={eventKinds.map((k) => ({ value: k, label: t(`eventKind.${k}`) }))} value={search.kind ?? []}
        onChange={(v) => setSearch({ kind: v.length ? eventKinds.filter((k) => v.includes(k)) : undefined })}
      />
      <SegmentedControl
        size="xs" aria-label={t('trends.range')} value={fixed ? '' : (search.last ?? always)}
        onChange={(v) => setSearch({ last: spans.find((s) => s === v), from: undefined, to: undefined })}
        data={[{ value: always, label: t('word.all') }, ...spans.filter((s) => s !== '15m' && s !== '6h').map((s) => ({ value: s, label: t(`trends.r${s}`) }))]}
      />
      {fixed && <span className="muted">{formatTime(search.from ?? 0, 'dateTime', language)} – {formatTime(search.to ?? 0, 'dateTime', language)}</span>}
      {search.device !== undefined && (
        <Button size="xs" variant="default" rightSection={<IconX size={14} aria-hidden />} aria-label={t('events.allDevices')} onClick={() => setSearch({ device: undefined })}>
          {deviceName ?? device.data?.device.name ?? t('word.device')}
        </Button>
      )}
      {onClear && <Button size="xs" variant="subtle" color="gray" leftSection={<IconX size={14} aria-hidden />} onClick={onClear}>{t('devices.clearFilters')}</Button>}
    </Group>
  );
}

const mostChoices = 30;

/** One of all devices, found by what is typed. */
function DeviceChoice({ onChoose }: { onChoose: (id: number) => void }) {
  const { t } = useText();
  const [words, setWords] = useState('');
  const [q] = useDebouncedValue(words.trim(), 200);
  const [opened, setOpened] = useState(false);
  const list = useQuery({ ...devicesQuery({ q: q || undefined, limit: mostChoices }), enabled: opened, placeholderData: keepPreviousData });
  return (
    <Select
      size="xs" w={190} searchable aria-label={t('word.device')} placeholder={t('word.device')} value={null} searchValue={words} onSearchChange={setWords} onDropdownOpen={() => setOpened(true)}
      // The server has chosen already.
      filter={({ options }) => options} nothingFoundMessage={list.isFetching ? t('word.loading') : t('search.nothing')}
      data={list.data?.items.map((d) => ({ value: String(d.id), label: d.name })) ?? []}
      onChange={(id) => id && onChoose(Number(id))}
    />
  );
}
