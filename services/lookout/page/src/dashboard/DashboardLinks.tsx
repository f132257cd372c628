import { css } from '@emotion/css';
import type { GrafanaTheme2, IconName } from '@grafana/data';
import { Dropdown, Icon, LinkButton, Menu, ToolbarButton, useStyles2 } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { search } from '../api/calls';
import type { SearchHit } from '../api/types';
import { useDashboard } from './context';
import { showLink, withContext } from './links';
import type { DashboardLink } from './model';
import { rangeParams } from './time';

const icons: Record<string, IconName> = {
  'external link': 'external-link-alt',
  dashboard: 'apps',
  question: 'question-circle',
  info: 'info-circle',
  bolt: 'bolt',
  doc: 'file-alt',
  cloud: 'cloud',
};

/** A link to all dashboards with some tags: one by one, or in a menu. */
function TagLinks({ link }: { link: DashboardLink }) {
  const { dashboard, range, variables } = useDashboard();
  const [hits, setHits] = useState<SearchHit[]>([]);
  const tags = (link.tags ?? []).join('\n');
  useEffect(() => {
    let live = true;
    search({ type: 'dash-db', tag: tags ? tags.split('\n') : undefined, limit: 100 })
      .then((found) => live && setHits((found ?? []).filter((hit) => hit.uid !== dashboard.uid)))
      .catch(() => live && setHits([]));
    return () => {
      live = false;
    };
  }, [tags, dashboard.uid]);
  const href = (hit: SearchHit) => withContext(hit.url, link, rangeParams(range), variables);
  if (hits.length === 0) {
    return null;
  }
  if (!link.asDropdown) {
    return hits.map((hit) => (
      <LinkButton key={hit.uid} href={href(hit)} size="sm" variant="secondary" fill="outline" icon="apps" target={link.targetBlank ? '_blank' : undefined}>
        {hit.title}
      </LinkButton>
    ));
  }
  const menu = (
    <Menu>
      {hits.map((hit) => (
        <Menu.Item key={hit.uid} label={hit.title} url={href(hit)} icon="apps" target={link.targetBlank ? '_blank' : undefined} />
      ))}
    </Menu>
  );
  return (
    <Dropdown overlay={menu} placement="bottom-start">
      <ToolbarButton icon="bars" variant="canvas" isOpen={undefined}>
        {link.title || 'Dashboards'}
      </ToolbarButton>
    </Dropdown>
  );
}

/** Links of a dashboard to its neighbours and to other pages. */
export function DashboardLinks() {
  const styles = useStyles2(getStyles);
  const { dashboard, scope, range, variables } = useDashboard();
  if (dashboard.links.length === 0) {
    return null;
  }
  return (
    <nav className={styles.links} aria-label="Dashboard links">
      {dashboard.links.map((link, index) => {
        if (link.type === 'dashboards') {
          return <TagLinks key={index} link={link} />;
        }
        const shown = showLink(link, String(index), scope, rangeParams(range), variables);
        return (
          <LinkButton
            key={index}
            href={shown.href}
            size="sm"
            variant="secondary"
            fill="outline"
            target={shown.blank ? '_blank' : undefined}
            rel={shown.blank ? 'noreferrer' : undefined}
            tooltip={shown.tooltip || undefined}
          >
            <Icon name={icons[shown.icon] ?? 'link'} size="sm" className={styles.icon} />
            {shown.title}
          </LinkButton>
        );
      })}
    </nav>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  links: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), alignItems: 'center' }),
  icon: css({ marginRight: 6 }),
});
