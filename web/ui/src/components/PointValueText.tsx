import type { Schemas } from '../api/client';
import { useText } from '../i18n/useText';
import { stateName } from '../i18n/pointNames';
import { qualityNow, showsNumber, type Value } from '../live/freshness';
import { SeverityMark } from './SeverityMark';
import { ValueText } from './ValueText';

type Point = Pick<Schemas['Point'], 'unit' | 'class' | 'step' | 'stale_after_s'>;

export function isState(point: { class: string }): boolean {
  return point.class === 'state' || point.class === 'alarm';
}

/** The newest value of a point: a number with its unit, or a state with its mark. */
export function PointValueText({ point, value, nowMs }: { point: Point; value: Value; nowMs: number }) {
  const { language } = useText();
  const quality = qualityNow(value, point.stale_after_s, nowMs);
  if (isState(point) && value.value !== null && quality === 'good') {
    return <SeverityMark severity={value.severity ?? 'unknown'}>{stateName(value.state ?? String(value.value), language)}</SeverityMark>;
  }
  if (isState(point) && value.state && showsNumber(quality)) {
    return <span className="value" data-quality={quality}>{stateName(value.state, language)}</span>;
  }
  return <ValueText value={value.value} unit={point.unit} step={point.step} quality={quality} time={value.time} nowMs={nowMs} />;
}
