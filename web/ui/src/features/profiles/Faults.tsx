import { useText } from '../../i18n/useText';
import type { ProfileFault } from './queries';

interface Props {
  faults: readonly ProfileFault[];
  /** Goes to a line of the text. */
  onLine?: (line: number) => void;
}

/** Faults of profiles with file and line. The words are those of the language of profiles, English. */
export function Faults({ faults, onLine }: Props) {
  const { t } = useText();
  return (
    <ul className="faults">
      {faults.map((f, i) => {
        const { line } = f;
        const place = [f.file.split('/').at(-1), line && t('profiles.line', { line })].filter(Boolean).join(', ');
        return (
          <li key={i}>
            {onLine && line ? <button type="button" className="plain-link" onClick={() => onLine(line)}><b>{place}</b></button> : <b title={f.file}>{place}</b>}
            {place && ': '}{f.message}
          </li>
        );
      })}
    </ul>
  );
}
