import type { PasswordInputProps } from '@mantine/core';
import { useText } from '../i18n/useText';
import { SecretInput } from './SecretInput';
import { minPassword, tooShort } from './lengths';

type Props = Omit<PasswordInputProps, 'value' | 'description'> & { value: string };

/** A field for a new password: tells how long it must be before it is typed, and while it is too short. */
export function NewPassword({ value, error, ...props }: Props) {
  const { t } = useText();
  const short = tooShort(value, minPassword);
  return (
    <SecretInput
      {...props} value={value} autoComplete="new-password" required description={t('session.passwordHint', { n: minPassword })}
      error={short > 0 ? t('fault.moreCharacters', { n: short }) : error}
    />
  );
}
