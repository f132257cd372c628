import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, Tooltip, useStyles2 } from '@grafana/ui';
import type { ReactNode } from 'react';
import { useMode } from './theme';

export interface Crumb {
  text: string;
  href?: string;
}

/** The bar on top of every page: where one is, and what the page has to offer at its right. */
export function TopBar({ crumbs, children }: { crumbs: Crumb[]; children?: ReactNode }) {
  const styles = useStyles2(getStyles);
  const { mode, toggle } = useMode();
  return (
    <header className={styles.bar}>
      <a href="/dashboards" className={styles.home} aria-label="All dashboards">
        <svg width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden>
          <rect x="3" y="3" width="7" height="7" rx="1" />
          <rect x="14" y="3" width="7" height="7" rx="1" />
          <rect x="3" y="14" width="7" height="7" rx="1" />
          <rect x="14" y="14" width="7" height="7" rx="1" />
        </svg>
      </a>
      <nav className={styles.crumbs} aria-label="Breadcrumbs">
        {crumbs.map((crumb, index) => (
          <span key={`${index}-${crumb.text}`} className={styles.crumb}>
            {index > 0 && <Icon name="angle-right" className={styles.arrow} />}
            {crumb.href ? <a href={crumb.href}>{crumb.text}</a> : <span className={styles.here}>{crumb.text}</span>}
          </span>
        ))}
      </nav>
      <div className={styles.right}>
        {children}
        <Tooltip content={mode === 'dark' ? 'Light theme' : 'Dark theme'}>
          <button type="button" className={styles.theme} onClick={toggle} aria-label={mode === 'dark' ? 'Light theme' : 'Dark theme'}>
            <svg width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" aria-hidden>
              {mode === 'dark' ? (
                <>
                  <circle cx="12" cy="12" r="4" />
                  <path d="M12 2v3M12 19v3M2 12h3M19 12h3M4.9 4.9l2.1 2.1M17 17l2.1 2.1M4.9 19.1L7 17M17 7l2.1-2.1" />
                </>
              ) : (
                <path d="M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z" />
              )}
            </svg>
          </button>
        </Tooltip>
      </div>
    </header>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  bar: css({
    position: 'sticky',
    top: 0,
    zIndex: theme.zIndex.navbarFixed,
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(1),
    height: 40,
    padding: theme.spacing(0, 2),
    background: theme.colors.background.primary,
    borderBottom: `1px solid ${theme.colors.border.weak}`,
  }),
  home: css({ display: 'flex', color: theme.colors.text.primary }),
  crumbs: css({ display: 'flex', alignItems: 'center', minWidth: 0, flex: 1, ...theme.typography.bodySmall }),
  crumb: css({
    display: 'flex',
    alignItems: 'center',
    minWidth: 0,
    whiteSpace: 'nowrap',
    '&:last-child': { overflow: 'hidden', flexShrink: 1 },
    a: { color: theme.colors.text.secondary, '&:hover': { color: theme.colors.text.primary, textDecoration: 'underline' } },
  }),
  arrow: css({ margin: theme.spacing(0, 0.5), color: theme.colors.text.secondary, flexShrink: 0 }),
  here: css({ overflow: 'hidden', textOverflow: 'ellipsis', color: theme.colors.text.primary }),
  theme: css({ display: 'flex', padding: 6, border: 'none', borderRadius: theme.shape.radius.default, background: 'none', color: theme.colors.text.secondary, '&:hover': { background: theme.colors.action.hover, color: theme.colors.text.primary } }),
  right: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(1) }),
});
