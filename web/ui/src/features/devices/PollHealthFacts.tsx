import type { Schemas } from '../../api/client';
import { Facts } from '../../components/Facts';
import { pollErrorText } from '../../components/pollError';
import { PollStateMark } from '../../components/PollStateMark';
import { formatAge, formatCount, formatNumber, formatTime } from '../../format/format';
import { useText } from '../../i18n/useText';
import { intervalText } from './interval';

export function PollHealthFacts({ health, nowMs }: { health: Schemas['PollHealth']; nowMs: number }) {
  const { t, language } = useText();
  const ago = (time?: string) =>
    time && (
      <span title={formatTime(time, 'dateTime', language)}>
        {t('word.ago', { age: formatAge(nowMs - Date.parse(time), language) })}
      </span>
    );
  const known = pollErrorText(health.error, t);
  const count = (n: number) => formatCount(n, language);
  return (
    <Facts
      items={[
        [t('word.state'), <PollStateMark key="state" state={health.state} />],
        [t('devices.stateSince'), health.since && formatTime(health.since, 'dateTime', language)],
        [t('devices.lastGood'), ago(health.last_success) ?? t('word.never')],
        [t('devices.lastPoll'), ago(health.last_poll)],
        [t('devices.latency'), health.latency_ms !== undefined && `${formatNumber(health.latency_ms, health.latency_ms < 10 ? 1 : 0, language)} ms`],
        [t('devices.interval'), intervalText(health, t, language)],
        [t('word.points'), count(health.points)],
        [t('word.missing'), health.missing > 0 && count(health.missing)],
        [t('devices.polls'), count(health.polls)],
        [t('devices.failures'), count(health.failures)],
        [t('devices.timeouts'), count(health.timeouts)],
        [t('devices.skipped'), count(health.skipped)],
        [t('word.error'), health.error && <>{known}{known && <br />}<span className={known && 'muted'}>{health.error}</span></>],
      ]}
    />
  );
}
