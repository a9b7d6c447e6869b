import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { PageHeader } from '../../components/PageHeader';
import { useText } from '../../i18n/useText';
import { useSession } from '../session/useSession';
import { Account } from './Account';
import { AuditLog } from './AuditLog';
import { Credentials } from './Credentials';
import { Tokens } from './Tokens';
import { Users } from './Users';

const route = getRouteApi('/shell/admin');
const sections = ['users', 'tokens', 'credentials', 'audit', 'account'] as const;
type Section = (typeof sections)[number];

export function AdministrationPage() {
  const { t } = useText();
  const { may } = useSession();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const allowed: Record<Section, boolean> = {
    users: may('user.manage'),
    tokens: may('account.own'),
    credentials: may('credential.read'),
    audit: may('audit.read'),
    account: true,
  };
  const offered = sections.filter((s) => allowed[s]);
  const section = offered.find((s) => s === search.section) ?? offered[0] ?? 'account';
  return (
    <>
      <PageHeader title={t('admin.title')} />
      <Tabs
        value={section} keepMounted={false}
        onChange={(v) => void navigate({ search: { section: sections.find((s) => s === v) } })}
      >
        <Tabs.List mb="md">
          {offered.map((s) => <Tabs.Tab key={s} value={s}>{t(`admin.${s}`)}</Tabs.Tab>)}
        </Tabs.List>
        <Tabs.Panel value="users"><Users /></Tabs.Panel>
        <Tabs.Panel value="tokens"><Tokens /></Tabs.Panel>
        <Tabs.Panel value="credentials"><Credentials /></Tabs.Panel>
        <Tabs.Panel value="audit"><AuditLog /></Tabs.Panel>
        <Tabs.Panel value="account"><Account /></Tabs.Panel>
      </Tabs>
    </>
  );
}
