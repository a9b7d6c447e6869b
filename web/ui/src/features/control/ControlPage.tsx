import { useQuery } from '@tanstack/react-query';
import { PageHeader } from '../../components/PageHeader';
import { Panel } from '../../components/Panel';
import { EmptyState, ErrorState, LoadingState } from '../../components/States';
import { useText } from '../../i18n/useText';
import { aboutQuery } from '../about/queries';
import { isOpen, requestsQuery } from './queries';
import { RequestTable } from './RequestTable';

/** The requests that wait for somebody, and what became of the others. */
export function ControlPage() {
  const { t } = useText();
  const about = useQuery(aboutQuery());
  const on = about.data?.control === true;
  const { data, error, refetch } = useQuery(requestsQuery(undefined, on));
  if (about.data && !on) return <><PageHeader title={t('control.pageTitle')} /><div className="panel"><EmptyState title={t('control.off')} hint={t('control.offHint')} /></div></>;
  const open = data?.items.filter((r) => isOpen(r.state)) ?? [];
  const ended = data?.items.filter((r) => !isOpen(r.state)) ?? [];
  return (
    <>
      <PageHeader title={t('control.pageTitle')} />
      {!data && <div className="panel">{error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <LoadingState />}</div>}
      {data && (
        <div className="grid">
          <Panel title={t('control.openRequests')} flush>
            {open.length > 0 ? <RequestTable requests={open} label={t('control.openRequests')} /> : <EmptyState title={t('control.noneOpen')} hint={t('control.noneOpenHint')} />}
          </Panel>
          <Panel title={t('control.history')} flush>
            {ended.length > 0 ? <RequestTable requests={ended} label={t('control.history')} /> : <EmptyState title={t('control.noHistory')} />}
          </Panel>
        </div>
      )}
    </>
  );
}
