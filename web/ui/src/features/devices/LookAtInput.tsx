import { Button, Group } from '@mantine/core';
import { IconEyeSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { useText } from '../../i18n/useText';
import { LookDialog } from '../looks/LookDialog';
import type { LookInput } from '../looks/queries';
import { credentialKind, type DeviceInput } from './deviceForm';

/** What a look needs of a device that is being described; undefined while something is wanting. */
export function lookTarget(value: DeviceInput): LookInput | undefined {
  const address = value.address?.trim();
  if (!address || !value.protocol || value.protocol === 'modbus-rtu') return undefined;
  const snmp = credentialKind(value.protocol) !== undefined;
  if (snmp && !value.credential) return undefined;
  return {
    address, protocol: value.protocol, profile: value.profile?.trim() || undefined,
    ...(snmp ? { credential: value.credential } : { unit_id: value.unit_id ?? 1 }),
  };
}

/** Looks at a device before it is added. */
export function LookAtInput({ value, onUse }: { value: DeviceInput; onUse: (profile: string) => void }) {
  const { t } = useText();
  const [target, setTarget] = useState<LookInput>();
  const ready = lookTarget(value);
  return (
    <Group gap="sm">
      <Button size="compact-sm" variant="default" disabled={!ready} leftSection={<IconEyeSearch size={15} aria-hidden />} onClick={() => setTarget(ready)}>{t('looks.look')}</Button>
      <span className="muted">{t(ready ? 'looks.hint' : 'looks.needs')}</span>
      {target && (
        <LookDialog
          title={target.address ?? ''} target={target} onClose={() => setTarget(undefined)}
          onUse={(profile) => {
            onUse(profile);
            setTarget(undefined);
          }}
        />
      )}
    </Group>
  );
}
