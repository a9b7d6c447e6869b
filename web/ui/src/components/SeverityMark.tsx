import type { ReactNode } from 'react';
import type { Schemas } from '../api/client';
import { useText } from '../i18n/useText';

export type Severity = Schemas['Severity'];

/** The shape of a severity: what a colour-blind person, or a print, goes by. */
export function SeverityShape({ severity, size = 12 }: { severity: Severity; size?: number }) {
  const common = { width: size, height: size, viewBox: '0 0 12 12', 'aria-hidden': true } as const;
  switch (severity) {
    case 'critical':
      return <svg {...common}><path d="M6 0.5 11.8 11H0.2z" fill="currentColor" /></svg>;
    case 'warning':
      return <svg {...common}><path d="M6 0 12 6 6 12 0 6z" fill="currentColor" /></svg>;
    case 'info':
      return <svg {...common}><rect x="1.5" y="1.5" width="9" height="9" fill="currentColor" /></svg>;
    case 'unknown':
      return <svg {...common}><circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" strokeWidth="1.6" strokeDasharray="2.4 2" /></svg>;
    default:
      return <svg {...common}><circle cx="6" cy="6" r="2.6" fill="currentColor" opacity="0.55" /></svg>;
  }
}

/** Shape, colour and word of a severity. */
export function SeverityMark({ severity, children }: { severity: Severity; children?: ReactNode }) {
  const { t } = useText();
  const word = t(`severity.${severity}`);
  return (
    <span className="mark" data-severity={severity} title={word}>
      <SeverityShape severity={severity} />
      {children ?? word}
      {children !== undefined && severity !== 'ok' && <span className="visually-hidden">({word})</span>}
    </span>
  );
}
