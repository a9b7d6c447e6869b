import { NumberInput, type NumberInputProps } from '@mantine/core';
import { useText } from '../i18n/useText';

interface Props extends Omit<NumberInputProps, 'value' | 'onChange'> {
  value: number | undefined;
  onChange: (value: number | undefined) => void;
}

/** A number that may be left out, written as the language does. */
export function NumberField({ value, onChange, ...rest }: Props) {
  const { language } = useText();
  return (
    <NumberInput
      decimalSeparator={language === 'vi' ? ',' : '.'} allowedDecimalSeparators={['.', ',']} {...rest}
      value={value ?? ''} onChange={(v) => onChange(typeof v === 'number' ? v : undefined)}
    />
  );
}
