import { formatAge, formatTime } from '../format/format';
import { useText } from '../i18n/useText';
import { useConnection, useNow } from '../live/useLive';
import { SeverityMark } from '../components/SeverityMark';

const toleratedMs = 3000;

/** Says that live values ceased to come, and since when. */
export function ConnectionBanner() {
  const { t, language } = useText();
  const connection = useConnection();
  useNow();
  // The stream measures by this browser's clock.
  const lostFor = Date.now() - connection.since;
  if (connection.state !== 'lost' || lostFor < toleratedMs) return null;
  return (
    <div className="banner" role="status">
      <SeverityMark severity="warning">
        {t('connection.lost', {
          time: formatTime(connection.since, 'time', language),
          age: formatAge(lostFor, language),
        })}
      </SeverityMark>
    </div>
  );
}
