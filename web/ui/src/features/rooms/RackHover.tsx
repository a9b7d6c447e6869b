import { MeasuredText } from '../../components/ValueText';
import { useText } from '../../i18n/useText';
import type { RackView } from './rackViews';

export function RackHover({ view, x, y, nowMs }: { view: RackView; x: number; y: number; nowMs: number }) {
  const { t } = useText();
  return (
    <div className="plan-card" style={{ left: x + 14, top: y + 14 }} role="presentation">
      <b>{view.rack.name}</b>
      <div>{t('word.inlet')}: <MeasuredText measured={view.inlet} unit="°C" nowMs={nowMs} /></div>
      <div>{t('word.power')}: <MeasuredText measured={view.power} unit="W" nowMs={nowMs} /></div>
    </div>
  );
}
