import { FileInput, SegmentedControl, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { FormDialog } from '../../components/FormDialog';
import { faultsByPath } from '../../components/problemText';
import { useText } from '../../i18n/useText';
import { draftProfile } from './queries';

const kinds = ['csv', 'mib'] as const;

/** Drafts a profile from a table of registers or a MIB file; what comes out is for a person to check. */
export function DraftDialog({ onDraft, onClose }: { onDraft: (name: string, text: string) => void; onClose: () => void }) {
  const words = useText();
  const { t } = words;
  const [name, setName] = useState('');
  const [from, setFrom] = useState<(typeof kinds)[number]>('csv');
  const [file, setFile] = useState<File | null>(null);
  const [imports, setImports] = useState<File[]>([]);
  const draft = useMutation({
    mutationFn: async () => {
      const read = async (f: File) => ({ name: f.name, text: await f.text() });
      if (!file) throw new Error('no file');
      return draftProfile({ name: name.trim(), from, file: await read(file), imports: from === 'mib' ? await Promise.all(imports.map(read)) : [] });
    },
    onSuccess: ({ text }) => onDraft(name.trim(), text),
  });
  const faults = faultsByPath(draft.error, words);
  return (
    <FormDialog title={t('profiles.draft')} mutation={draft} onClose={onClose} submit={t('profiles.makeDraft')} disabled={!file || !name.trim()} size="lg" beside={['name', 'file']}>
      <p className="muted" style={{ margin: 0 }}>{t('profiles.draftIntro')}</p>
      <TextInput label={t('profiles.draftName')} description={t('profiles.draftNameHint')} required data-autofocus error={faults.get('name')} value={name} onChange={(e) => setName(e.currentTarget.value)} />
      <SegmentedControl aria-label={t('profiles.draftFrom')} value={from} onChange={(v) => setFrom(kinds.find((k) => k === v) ?? 'csv')} data={kinds.map((k) => ({ value: k, label: t(`profiles.from.${k}`) }))} />
      <FileInput label={t(`profiles.from.${from}`)} description={t(`profiles.fromHint.${from}`)} placeholder={t('profiles.pickFile')} required clearable clearButtonProps={{ 'aria-label': t('action.clear') }} error={faults.get('file')} value={file} onChange={setFile} />
      {from === 'mib' && <FileInput label={t('profiles.imports')} description={t('profiles.importsHint')} placeholder={t('profiles.pickFile')} multiple clearable clearButtonProps={{ 'aria-label': t('action.clear') }} value={imports} onChange={setImports} />}
    </FormDialog>
  );
}
