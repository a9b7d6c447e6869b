import { formatAge, formatTime, quantity } from '../format/format';
import { useText } from '../i18n/useText';
import { measuredQuality, showsNumber, type Measured, type Quality } from '../live/freshness';
import { lastContactMs } from '../live/connection';

interface Props {
  value: number | null;
  unit: string;
  /** What one count of the device is, in the unit; absent when that is not known. */
  step?: number;
  quality: Quality;
  time?: string;
  nowMs: number;
}

/** A number with its unit; when it is not good, hatched, with its age or the reason. */
export function ValueText({ value, unit, step, quality, time, nowMs }: Props) {
  const { t, language } = useText();
  const age = time ? formatAge(nowMs - Date.parse(time), language) : undefined;
  const title = [t(`quality.${quality}`), time && formatTime(time, 'dateTime', language)].filter(Boolean).join(' · ');
  if (value === null || !showsNumber(quality)) {
    return (
      <span className="value" data-quality={quality} title={title}>
        {t(`quality.${quality === 'good' ? 'none' : quality}`)}
      </span>
    );
  }
  const q = quantity(value, unit, language, step);
  return (
    <span className="value" data-quality={quality} title={title}>
      <span>{q.number}</span>
      {q.unit && <span className="value-unit">{q.unit}</span>}
      {quality === 'stale' && age && <span className="value-age">{t('word.ago', { age })}</span>}
    </span>
  );
}

/** A figure that the server made of points. */
export function MeasuredText({ measured, unit, nowMs }: { measured: Measured; unit: string; nowMs: number }) {
  const { t } = useText();
  const quality = measuredQuality(measured, lastContactMs(), Date.now());
  const { missing = 0, points = 0 } = measured;
  if (measured.value === null && missing > 0 && missing < points) {
    return <span className="value" data-quality={quality} title={t('overview.incomplete', { missing, points })}>{t('word.incomplete')}</span>;
  }
  return <ValueText value={measured.value} unit={unit} quality={quality} time={measured.time} nowMs={nowMs} />;
}
