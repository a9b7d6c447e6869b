import { spotlight } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { useText } from '../i18n/useText';

export function SearchButton() {
  const { t } = useText();
  return (
    <button type="button" className="search-button" onClick={spotlight.open} aria-label={t('action.search')} aria-keyshortcuts="Control+K /">
      <IconSearch size={15} aria-hidden />
      <span className="truncate">{t('search.placeholder')}</span>
      <kbd>{t('search.hint')}</kbd>
    </button>
  );
}
