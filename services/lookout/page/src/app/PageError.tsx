import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Alert, LinkButton, useStyles2 } from '@grafana/ui';
import { useEffect } from 'react';
import { markReady } from './ready';
import { TopBar } from './TopBar';

/** A whole page that says what is wrong and where to go from here. */
export function PageError({ title, text }: { title: string; text: string }) {
  const styles = useStyles2(getStyles);
  useEffect(() => markReady(true), []);
  return (
    <>
      <TopBar crumbs={[{ text: 'Dashboards', href: '/dashboards' }]} />
      <main className={styles.main} data-testid="page-error">
        <Alert title={title} severity="error">
          {text}
        </Alert>
        <LinkButton href="/dashboards" variant="secondary">
          All dashboards
        </LinkButton>
      </main>
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  main: css({ maxWidth: 800, margin: `${theme.spacing(6)} auto`, padding: theme.spacing(0, 2) }),
});
