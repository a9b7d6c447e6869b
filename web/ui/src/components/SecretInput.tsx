import { PasswordInput, type PasswordInputProps } from '@mantine/core';
import { useText } from '../i18n/useText';

/** A password or another secret; the button that shows it is named in the language of the reader. */
export function SecretInput(props: PasswordInputProps) {
  const { t } = useText();
  return <PasswordInput visibilityToggleButtonProps={{ 'aria-label': t('session.showSecret') }} {...props} />;
}
