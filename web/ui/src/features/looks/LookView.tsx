import { Alert, Button } from '@mantine/core';
import { useState } from 'react';
import { Facts } from '../../components/Facts';
import { Panel } from '../../components/Panel';
import { formatNumber } from '../../format/format';
import { useText } from '../../i18n/useText';
import { knownKind } from '../devices/kinds';
import { LookTable } from './LookTable';
import { LookVerdicts } from './LookVerdicts';
import type { LookResult, ProfileCandidate } from './queries';
import { chosenByText, reasonsText } from './reasons';

interface Props {
  result: LookResult;
  /** Looks again with another profile. */
  onProfile?: (profile: string) => void;
}

/** What was seen: what it is, what cannot be true, and every reading. */
export function LookView({ result: r, onProfile }: Props) {
  const { t, language } = useText();
  const [verdict, setVerdict] = useState<number>();
  const id = r.identity;
  return (
    <div className="grid">
      {r.problems.length > 0 && (
        <Alert color="orange" variant="light" title={t('looks.problems')}>{r.problems.map((p) => <div key={p}>{p}</div>)}</Alert>
      )}
      <div className="grid grid-2">
        <Panel title={t('devices.identity')}>
          <Facts
            items={[
              [t('word.kind'), t(`kind.${knownKind(r.kind)}`)], [t('word.vendor'), id.vendor], [t('word.model'), id.model], [t('word.serial'), id.serial],
              [t('word.firmware'), id.firmware], [t('word.mac'), id.mac], [t('word.sysName'), id.name], [t('looks.location'), id.location],
              [t('word.description'), id.sys_descr], ['sysObjectID', id.sys_object_id],
            ]}
          />
        </Panel>
        <Panel title={t('word.profile')}>
          <Facts
            items={[
              [t('word.profile'), <><b>{r.title}</b> <span className="muted">{r.profile}</span></>],
              [t('looks.chosenBy'), chosenByText(r, t)],
              [t('looks.seen'), r.synthetic ? t('looks.synthetic') : t('looks.seenOnDevice')],
              [t('looks.took'), r.took_s !== undefined && `${formatNumber(r.took_s, 1, language)} s`],
            ]}
          />
          <Candidates candidates={r.candidates} current={r.profile} error={r.candidates_error} onProfile={onProfile} />
        </Panel>
      </div>
      <LookVerdicts result={r} chosen={verdict} onChoose={setVerdict} />
      <LookTable points={r.points} verdict={verdict} />
      {r.absent.length > 0 && (
        <Panel title={t('looks.absent', { count: r.absent.length })}>
          <details>
            <summary className="muted">{t('looks.absentHint')}</summary>
            <ul className="columns">{r.absent.map((a) => <li key={a.key + a.place}>{a.key} <span className="muted raw">{a.place}</span></li>)}</ul>
          </details>
        </Panel>
      )}
    </div>
  );
}

interface CandidatesProps {
  candidates: readonly ProfileCandidate[];
  current?: string;
  error?: string;
  onProfile?: (profile: string) => void;
}

/** The profiles that fit, best first, each with what it rests on. */
export function Candidates({ candidates, current, error, onProfile }: CandidatesProps) {
  const { t } = useText();
  const others = candidates.filter((c) => c.profile !== current);
  return (
    <>
      <h3 className="small-head">{t('looks.others')}</h3>
      {others.length === 0 && <span className="muted">{error ? t('looks.othersUnknown') : t('looks.noOthers')}</span>}
      {others.map((c) => (
        <div key={c.profile} className="candidate">
          <span><b>{c.title}</b> <span className="muted">{c.profile} · {reasonsText(c.why, t)}</span></span>
          {onProfile && <Button size="compact-xs" variant="default" onClick={() => onProfile(c.profile)} aria-label={`${t('looks.lookWith')}: ${c.profile}`}>{t('looks.lookWith')}</Button>}
        </div>
      ))}
    </>
  );
}
