import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useText } from '../i18n/useText';

interface Props {
  value: string | undefined;
  placeholder: string;
  onSearch: (words: string | undefined) => void;
  width?: number;
}

/** A field of words that are looked for a moment after the last of them is typed. */
export function SearchInput({ value = '', placeholder, onSearch, width = 260 }: Props) {
  const { t } = useText();
  const [words, setWords] = useState(value);
  const told = useRef(value);
  // Filters may be cleared from elsewhere; what comes back of typing must not undo further typing.
  useEffect(() => {
    if (value !== told.current) setWords(value);
    told.current = value;
  }, [value]);
  const apply = useDebouncedCallback((q: string) => {
    told.current = q;
    onSearch(q || undefined);
  }, 250);
  return (
    <TextInput
      size="xs" w={width} maw="100%" type="search" aria-label={t('action.search')} placeholder={placeholder} leftSection={<IconSearch size={15} aria-hidden />} value={words}
      onChange={(e) => {
        setWords(e.currentTarget.value);
        // An unfinished Telex or VNI syllable is not a word yet.
        if (!(e.nativeEvent instanceof InputEvent && e.nativeEvent.isComposing)) apply(e.currentTarget.value);
      }}
      onCompositionEnd={(e) => apply(e.currentTarget.value)}
    />
  );
}
