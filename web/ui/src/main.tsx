import '@fontsource-variable/inter/index.css';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import './app/global.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { onUnauthenticated } from './api/client';
import { queries } from './app/queryClient';
import { router } from './app/router';
import { theme } from './app/theme';
import { sessionKey } from './features/session/queries';
import { initialLanguage, startI18n } from './i18n';

// Whoever lost the session is asked to sign in, and comes back to this page.
onUnauthenticated(() => {
  if (!queries.getQueryData(sessionKey)) return;
  queries.setQueryData(sessionKey, null);
  void router.invalidate();
});

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root element');

void startI18n(initialLanguage()).then(() => {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto">
        <QueryClientProvider client={queries}>
          <Notifications position="bottom-right" />
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
});
