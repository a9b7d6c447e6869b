import { Alert, Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { toApiError } from '../../api/problem';
import { Dialog } from '../../components/Dialog';
import { FieldRow } from '../../components/FieldRow';
import { FormDialog } from '../../components/FormDialog';
import { faultsByPath, problemText } from '../../components/problemText';
import { useText } from '../../i18n/useText';
import { placeOf, placeOptions } from '../devices/deviceForm';
import { refreshPlaces, treeQuery } from '../sites/queries';
import { placeholders, previewNames, suggestPattern } from './names';
import { adoptFindings, refreshDiscovery, type AdoptedFinding, type Finding } from './queries';

const shown = 6;
const beside = ['pattern', 'site', 'location', 'rack'] as const;

interface Props {
  findings: readonly Finding[];
  onClose: () => void;
  /** Told after some became devices. */
  onAdopted: (results: readonly AdoptedFinding[]) => void;
}

/** Makes devices of findings: where, and by which names. */
export function AdoptDialog({ findings, onClose, onAdopted }: Props) {
  const words = useText();
  const { t } = words;
  const queries = useQueryClient();
  const sites = useQuery(treeQuery()).data?.sites ?? [];
  const [pattern, setPattern] = useState(() => suggestPattern(findings));
  const [site, setSite] = useState(findings[0]?.site ?? 0);
  const [place, setPlace] = useState<string | null>(null);
  const [kind, id] = (place ?? '').split('/');
  const target = { rack: kind === 'rack' ? Number(id) : undefined, location: kind === 'location' ? Number(id) : undefined };
  const adopt = useMutation({
    mutationFn: () => adoptFindings({ findings: findings.map((f) => f.id), pattern: pattern.trim(), site, ...target }),
    onSuccess: onAdopted,
    // Some may have been adopted before it failed.
    onSettled: () => Promise.all([refreshDiscovery(queries), refreshPlaces(queries)]),
  });
  if (adopt.data) return <AdoptResult results={adopt.data} findings={findings} onClose={onClose} />;
  const faults = faultsByPath(adopt.error, words);
  const names = previewNames(pattern, findings);
  return (
    <FormDialog title={t('discovery.adoptTitle', { count: findings.length })} mutation={adopt} onClose={onClose} submit={t('discovery.adopt')} disabled={!site || !pattern.trim()} size="lg" beside={beside}>
      <TextInput
        label={t('discovery.pattern')} description={t('discovery.patternHint', { placeholders: placeholders.map((p) => `{${p}}`).join(', ') })} required data-autofocus
        error={faults.get('pattern')} value={pattern} onChange={(e) => setPattern(e.currentTarget.value)}
      />
      <div aria-live="polite">
        <Text size="xs" c="dimmed">{t('discovery.preview')}</Text>
        {names.slice(0, shown).map(({ finding, name, missing }) => (
          <Text key={finding.id} size="sm"><span className="muted">{finding.address} → </span>{name || t('discovery.missing', { placeholder: missing })}</Text>
        ))}
        {names.length > shown && <Text size="sm" c="dimmed">{t('discovery.more', { count: names.length - shown })}</Text>}
      </div>
      <FieldRow>
        <Select
          label={t('word.site')} required allowDeselect={false} error={faults.get('site')} data={sites.map((s) => ({ value: String(s.id), label: s.name }))}
          value={site ? String(site) : null}
          onChange={(v) => {
            setSite(Number(v));
            setPlace(null);
          }}
        />
        <Select label={t('word.place')} clearable searchable limit={200} error={faults.get('location') ?? faults.get('rack')} data={placeOptions(sites, site)} value={placeOf(target)} onChange={setPlace} />
      </FieldRow>
      <Text size="xs" c="dimmed">{t('discovery.adoptHint')}</Text>
    </FormDialog>
  );
}

/** What became of each finding; the faults first, for they need somebody. */
function AdoptResult({ results, findings, onClose }: { results: readonly AdoptedFinding[]; findings: readonly Finding[]; onClose: () => void }) {
  const words = useText();
  const { t } = words;
  const failed = results.filter((r) => r.problem);
  const made = results.filter((r) => r.device !== undefined);
  const address = new Map(findings.map((f) => [f.id, f.address]));
  return (
    <Dialog onClose={onClose} title={t('discovery.adoptTitle', { count: results.length })} size="lg">
      <Stack gap="sm">
        {failed.length > 0 && (
          <Alert color="orange" variant="light" role="alert" title={t('discovery.notAdopted', { count: failed.length })}>
            {failed.map((r) => (
              <div key={r.finding}>{address.get(r.finding)}{r.name && ` (${r.name})`}: {problemText(toApiError(r.problem?.status ?? 0, r.problem), words)}</div>
            ))}
          </Alert>
        )}
        {made.length > 0 && (
          <div>
            <Text size="sm" fw={600}>{t('discovery.adopted', { count: made.length })}</Text>
            {made.slice(0, 50).map((r) => <div key={r.finding}><Link className="link" to="/devices/$deviceId" params={{ deviceId: String(r.device) }}>{r.name}</Link></div>)}
            {made.length > 50 && <Text size="sm" c="dimmed">{t('discovery.more', { count: made.length - 50 })}</Text>}
          </div>
        )}
        <Group justify="flex-end"><Button onClick={onClose} data-autofocus>{t('action.close')}</Button></Group>
      </Stack>
    </Dialog>
  );
}
