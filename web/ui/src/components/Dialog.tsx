import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useText } from '../i18n/useText';
import { contentsOf, opened as push } from './dialogStack';

interface Props {
  title: string;
  onClose: () => void;
  opened?: boolean;
  size?: string;
  /** Asks before it closes by Escape, a click outside or its cross, when something was typed in it. */
  keep?: boolean;
  children: ReactNode;
}

/** A dialog; Escape closes the one that lies above all others only. */
export function Dialog({ title, onClose, opened = true, size, keep = false, children }: Props) {
  const { t } = useText();
  const content = useRef<HTMLDivElement>(null);
  // What was in it before the first touch: what is loaded until then nobody has typed.
  const before = useRef<string>(undefined);
  const [asking, setAsking] = useState(false);
  const touch = () => {
    before.current ??= contentsOf(content.current);
  };
  const close = () => {
    if (keep && before.current !== undefined && before.current !== contentsOf(content.current)) setAsking(true);
    else onClose();
  };
  const latest = useRef(close);
  useEffect(() => {
    latest.current = close;
  });
  useEffect(() => {
    if (!opened) return undefined;
    before.current = undefined;
    return push({ close: () => latest.current() });
  }, [opened]);
  return (
    <Modal opened={opened} onClose={close} closeOnEscape={false} title={title} size={size} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <div ref={content} onPointerDownCapture={touch} onKeyDownCapture={touch} onBeforeInputCapture={touch} onDragEnterCapture={touch}>{children}</div>
      {asking && (
        <Dialog title={t('unsaved.title')} onClose={() => setAsking(false)}>
          <Stack gap="md">
            <Text size="sm">{t('unsaved.question')}</Text>
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={() => setAsking(false)} data-autofocus>{t('unsaved.stay')}</Button>
              <Button color="red.9" onClick={onClose}>{t('unsaved.discard')}</Button>
            </Group>
          </Stack>
        </Dialog>
      )}
    </Modal>
  );
}
