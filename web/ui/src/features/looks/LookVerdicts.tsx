import { SeverityMark } from '../../components/SeverityMark';
import { useText } from '../../i18n/useText';
import type { LookResult } from './queries';
import { passedChecks, verdictText } from './verdicts';

interface Props {
  result: LookResult;
  chosen?: number;
  onChoose: (verdict?: number) => void;
}

/** What can hardly be true, in words; each shows its points when it is chosen. */
export function LookVerdicts({ result, chosen, onChoose }: Props) {
  const words = useText();
  const { t } = words;
  const passed = passedChecks(result);
  return (
    <section className="panel" aria-label={t('looks.verdicts')}>
      <div className="panel-head">
        <h2>{t('looks.verdicts')}</h2>
        {chosen !== undefined && <button type="button" className="plain-link" onClick={() => onChoose()}>{t('looks.allReadings')}</button>}
      </div>
      <div className="panel-body">
        {result.verdicts.length > 0 && (
          <ul className="verdicts">
            {result.verdicts.map((v, i) => (
              <li key={`${v.rule} ${v.keys[0] ?? ''}`} data-rule={v.rule}>
                <button type="button" className="plain-link" style={{ textAlign: 'left' }} aria-pressed={chosen === i} onClick={() => onChoose(chosen === i ? undefined : i)}>
                  <span className="mark" data-severity="warning" style={{ whiteSpace: 'normal' }}><SeverityMark severity="warning">{''}</SeverityMark>{verdictText(v, result.points, words)}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
        {result.verdicts.length === 0 && <p style={{ margin: 0 }}>{result.checks.length > 0 ? t('looks.nothingDoubtful') : t('looks.nothingToCheck')}</p>}
        {passed.length > 0 && (
          <p className="muted" style={{ margin: '6px 0 0' }}>{t('looks.checked')} {passed.map((c) => `${t(`check.${c.rule}`)} (${c.checked})`).join(' · ')}</p>
        )}
      </div>
    </section>
  );
}
