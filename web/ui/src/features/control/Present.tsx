import { Alert } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Facts } from '../../components/Facts';
import { PointValueText } from '../../components/PointValueText';
import { LoadingState } from '../../components/States';
import { formatTime } from '../../format/format';
import { pointName } from '../../i18n/pointNames';
import { useText } from '../../i18n/useText';
import { useLive, useNow } from '../../live/useLive';
import { devicePointsQuery } from '../devices/queries';
import type { Control } from './queries';
import { consequence, nameBeside, presentPoints } from './words';

/** What a control moves, as it is now: the same for who asks and for who confirms, live, each value stale once it is. */
export function Present({ device, control }: { device: number; control?: Pick<Control, 'label' | 'point'> }) {
  const { t, language } = useText();
  const points = useQuery(devicePointsQuery(device));
  const items = presentPoints(control, points.data?.items ?? []);
  const ids = items.map((p) => p.point.id);
  const live = useLive(ids.length > 0 ? { point: ids } : undefined, points.data?.seq);
  const now = useNow();
  if (points.isPending) return <LoadingState rows={2} height={18} />;
  const own = control ? nameBeside(control, points.data?.items ?? []) : '';
  return (
    <section aria-label={t('control.present')}>
      {items.length === 0 && <span className="muted">{t('control.presentUnknown')}</span>}
      <Facts
        items={[
          [t('control.ownName'), items.length > 0 && own],
          ...items.map(({ point, current }) => {
            const value = live.get(point.id) ?? current;
            return [
              pointName(point, language),
              <span key={point.id}>
                <PointValueText point={point} value={value} nowMs={now} />
                {value.time && <span className="muted"> · {formatTime(value.time, 'dateTime', language)}</span>}
              </span>,
            ] as const;
          }),
        ]}
      />
    </section>
  );
}

/** What happens when an option is carried out, with the warning of the profile. */
export function Consequence({ control, option }: { control: Pick<Control, 'key' | 'label' | 'label_of_profile' | 'options'>; option?: string }) {
  const { t, language } = useText();
  if (option === undefined) return null;
  const { severity, warning } = control.options?.find((o) => o.name === option) ?? {};
  const text = [consequence(control, option, t, language), warning].filter(Boolean).join(' ');
  if (!text) return null;
  return <Alert color={severity === 'critical' ? 'red' : severity === 'warning' ? 'orange' : 'blue'} variant="light" role="note">{text}</Alert>;
}
