import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { Language } from '../format/format';
import { en } from './en';
import { vi } from './vi';

export const languages: readonly Language[] = ['vi', 'en'];
const storageKey = 'aisle.language';

function isLanguage(value: unknown): value is Language {
  return value === 'vi' || value === 'en';
}

/** The language chosen before in this browser, else the browser's own. */
export function initialLanguage(): Language {
  const chosen = localStorage.getItem(storageKey);
  if (isLanguage(chosen)) return chosen;
  return navigator.languages.some((l) => l.toLowerCase().startsWith('vi')) ? 'vi' : 'en';
}

export const i18n = i18next.createInstance();

export async function startI18n(language: Language): Promise<void> {
  document.documentElement.lang = language;
  await i18n.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'en',
    supportedLngs: languages,
    resources: { en: { translation: en }, vi: { translation: vi } },
    interpolation: { escapeValue: false },
    keySeparator: '.',
    returnNull: false,
  });
}

/** Changes the language everywhere and remembers it in this browser. */
export function switchLanguage(language: Language): void {
  localStorage.setItem(storageKey, language);
  document.documentElement.lang = language;
  void i18n.changeLanguage(language);
}
