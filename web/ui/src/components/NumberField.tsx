import { NumberInput, type NumberInputProps } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { formatNumber } from '../format/format';
import { useText } from '../i18n/useText';
import { decimalsOf, numberOf, outOfBounds } from './numbers';

interface Props extends Omit<NumberInputProps, 'value' | 'onChange'> {
  value: number | undefined;
  onChange: (value: number | undefined) => void;
}

/** A number that may be left out, written as the language does. One out of its bounds stays as it was typed, and its form is not sent. */
export function NumberField({ value, onChange, error, ...rest }: Props) {
  const { t, language } = useText();
  const input = useRef<HTMLInputElement>(null);
  // "1," and "1,0" are on the way to another number.
  const [typed, setTyped] = useState<number | string>(value ?? '');
  const bounds = outOfBounds(value, rest);
  const fault = bounds && t(bounds.key, { min: formatNumber(bounds.min, decimalsOf(bounds.min), language), max: formatNumber(bounds.max, decimalsOf(bounds.max), language) });
  useEffect(() => input.current?.setCustomValidity(fault ?? ''), [fault]);
  return (
    <NumberInput
      decimalSeparator={language === 'vi' ? ',' : '.'} allowedDecimalSeparators={['.', ',']} {...rest}
      ref={input} clampBehavior="none" error={fault ?? error} value={numberOf(typed) === value ? typed : (value ?? '')}
      onChange={(v) => {
        setTyped(v);
        onChange(numberOf(v));
      }}
    />
  );
}
