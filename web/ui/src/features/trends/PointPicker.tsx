import { Combobox, Loader, TextInput, useCombobox } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { fullPointName } from '../../i18n/pointNames';
import { useText } from '../../i18n/useText';
import { pointSearchQuery } from './queries';

interface Props {
  selected: readonly number[];
  most: number;
  onAdd: (id: number) => void;
}

/** Finds points by words and adds them one by one. */
export function PointPicker({ selected, most, onAdd }: Props) {
  const { t, language } = useText();
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const [query, setQuery] = useState('');
  const [words] = useDebouncedValue(query.trim(), 200);
  const found = useQuery({ ...pointSearchQuery(words), enabled: combobox.dropdownOpened });
  const full = selected.length >= most;
  const options = (found.data?.items ?? []).filter((p) => !selected.includes(p.point.id)).slice(0, 30);
  return (
    <Combobox
      store={combobox}
      onOptionSubmit={(value) => {
        onAdd(Number(value));
        setQuery('');
        combobox.closeDropdown();
      }}
    >
      <Combobox.Target>
        <TextInput
          size="xs" w={360} maw="100%" aria-label={t('trends.pick')} disabled={full}
          placeholder={full ? t('trends.tooMany', { count: most }) : t('trends.pickPlaceholder')}
          leftSection={<IconPlus size={15} aria-hidden />} rightSection={found.isFetching ? <Loader size={14} /> : null}
          value={query}
          onChange={(e) => {
            setQuery(e.currentTarget.value);
            combobox.openDropdown();
            combobox.updateSelectedOptionIndex();
          }}
          onFocus={() => combobox.openDropdown()} onClick={() => combobox.openDropdown()} onBlur={() => combobox.closeDropdown()}
        />
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Options mah={320} style={{ overflowY: 'auto' }} aria-label={t('trends.pick')}>
          {options.length === 0 && <Combobox.Empty>{found.isFetching ? t('word.loading') : t('search.nothing')}</Combobox.Empty>}
          {options.map(({ point }) => (
            <Combobox.Option key={point.id} value={String(point.id)}>
              <b>{point.device_name}</b> · {fullPointName(point, language)} <span className="muted">{point.unit}</span>
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
