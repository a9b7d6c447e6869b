import { useTranslation } from 'react-i18next';
import type { Language } from '../format/format';

/** The translator and the language that numbers and times are written in. */
export function useText() {
  const { t, i18n } = useTranslation();
  return { t, language: (i18n.language === 'vi' ? 'vi' : 'en') as Language };
}

export type Translate = ReturnType<typeof useText>['t'];
