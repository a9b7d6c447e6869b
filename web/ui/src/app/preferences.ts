import type { Schemas } from '../api/client';
import { client, unwrap } from '../api/client';
import { switchLanguage } from '../i18n';

export type Preferences = Schemas['Preferences'];
export type Theme = Schemas['Theme'];

/** Keeps language and theme with the user, so that they follow him to any browser. */
export function savePreferences(preferences: Preferences): Promise<Preferences> {
  return unwrap(client.PUT('/session/preferences', { body: preferences }));
}

/** Takes over what the server knows of the user. */
export function applyPreferences(preferences: Preferences, setTheme: (theme: Theme) => void): void {
  switchLanguage(preferences.language);
  setTheme(preferences.theme);
}
