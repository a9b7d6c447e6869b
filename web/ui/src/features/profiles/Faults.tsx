import { useText } from '../../i18n/useText';
import { faultCause } from './faultCause';
import type { ProfileFault } from './queries';

interface Props {
  faults: readonly ProfileFault[];
  /** Goes to a line of the text. */
  onLine?: (line: number) => void;
}

/** Faults of profiles with file and line: the cause in the language of the reader, with the exact English words below. */
export function Faults({ faults, onLine }: Props) {
  const { t } = useText();
  return (
    <ul className="faults">
      {faults.map((f, i) => {
        const { line } = f;
        const cause = faultCause(f.message, t);
        const place = [f.file.split('/').at(-1), line && t('profiles.line', { line })].filter(Boolean).join(', ');
        return (
          <li key={i}>
            {onLine && line ? <button type="button" className="plain-link" onClick={() => onLine(line)}><b>{place}</b></button> : <b title={f.file}>{place}</b>}
            {place && ': '}{cause ? <>{cause}<div className="raw">{f.message}</div></> : f.message}
          </li>
        );
      })}
    </ul>
  );
}
