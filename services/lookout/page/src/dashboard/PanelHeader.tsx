import { css } from '@emotion/css';
import { type GrafanaTheme2, LoadingState, renderMarkdown } from '@grafana/data';
import { Dropdown, Icon, IconButton, Menu, PanelChrome, Tooltip, useStyles2 } from '@grafana/ui';
import { memo } from 'react';
import { setParams } from '../app/location';
import { kindOf } from '../panels/kinds';
import { useDashboard } from './context';
import type { ShownLink } from './links';
import { PanelBody } from './PanelBody';
import type { PanelInstance } from './sections';
import { rangeParams } from './time';

function Notices({ texts, cut }: { texts: string[]; cut?: string }) {
  const styles = useStyles2(getStyles);
  if (texts.length === 0 && !cut) {
    return null;
  }
  return (
    <Tooltip
      content={
        <div>
          {[...(cut ? [`${cut} series are drawn.`] : []), ...texts].map((text) => (
            <div key={text}>{text}</div>
          ))}
        </div>
      }
    >
      <span className={styles.notice} data-testid="panel-notice" tabIndex={0}>
        <Icon name="exclamation-triangle" size="sm" />
        {cut && <span>{cut} series</span>}
      </span>
    </Tooltip>
  );
}

function LinkItems({ links }: { links: ShownLink[] }) {
  return links.map((link) => (
    <Menu.Item key={link.key} label={link.title} icon="external-link-alt" url={link.href} target={link.blank ? '_blank' : undefined} />
  ));
}

function Links({ links }: { links: ShownLink[] }) {
  const styles = useStyles2(getStyles);
  const [first] = links;
  if (links.length === 1 && first) {
    return (
      <Tooltip content={first.title}>
        <a href={first.href} target={first.blank ? '_blank' : undefined} rel="noreferrer" className={styles.link} aria-label={first.title}>
          <Icon name="external-link-alt" size="sm" />
        </a>
      </Tooltip>
    );
  }
  return (
    <Dropdown
      overlay={
        <Menu>
          <LinkItems links={links} />
        </Menu>
      }
    >
      <IconButton name="link" size="sm" aria-label="Panel links" />
    </Dropdown>
  );
}

function PanelMenu({ panelKey, alone, links }: { panelKey: string; alone: boolean; links: ShownLink[] }) {
  const { dashboard, range } = useDashboard();
  const query = () => new URLSearchParams({ ...rangeParams(range), viewPanel: panelKey });
  const copy = () => navigator.clipboard?.writeText(`${window.location.origin}/d/${dashboard.uid}?${query()}`);
  return (
    <Menu>
      <Menu.Item
        label={alone ? 'Back to dashboard' : 'View'}
        icon={alone ? 'arrow-left' : 'eye'}
        shortcut="v"
        onClick={() => setParams({ viewPanel: alone ? undefined : panelKey })}
      />
      <Menu.Item label="Copy link" icon="link" onClick={() => void copy()} />
      {links.length > 0 && <Menu.Divider />}
      <LinkItems links={links} />
    </Menu>
  );
}

interface Props {
  instance: PanelInstance;
  width: number;
  height: number;
  alone: boolean;
  title: string;
  /** Markdown. */
  description: string;
  links: ShownLink[];
  notices: string[];
  /** How many series of how many are drawn, where some are not. */
  cut?: string;
  /** The range that is the panel's own. */
  note?: string;
  /** The data have been waited for for a while. */
  slow: boolean;
  error?: string;
}

/** What is around a panel: title, description, links, menu, the state of its data. What is in it comes from ContentContext, past this. */
export const PanelHeader = memo(function PanelHeader(props: Props) {
  const styles = useStyles2(getStyles);
  const { title, description, links, notices, cut, note, slow, error, alone } = props;
  const { panel, key } = props.instance;
  const items = (
    <div className={styles.items}>
      {note && (
        <span className={styles.note}>
          <Icon name="clock-nine" size="sm" /> {note}
        </span>
      )}
      {links.length > 0 && <Links links={links} />}
      <Notices texts={notices} cut={cut} />
    </div>
  );
  return (
    <PanelChrome
      width={props.width}
      height={props.height}
      title={title}
      description={description ? renderMarkdown(description) : undefined}
      titleItems={items}
      menu={<PanelMenu panelKey={key} alone={alone} links={links} />}
      hoverHeader={title === ''}
      padding={kindOf(panel.type)?.padding ?? 'md'}
      displayMode={panel.transparent ? 'transparent' : 'default'}
      loadingState={slow ? LoadingState.Loading : error === undefined ? LoadingState.Done : LoadingState.Error}
      statusMessage={error}
      statusMessageOnClick={() => undefined}
    >
      {(width, height) => (width > 0 && height > 0 ? <PanelBody width={width} height={height} /> : null)}
    </PanelChrome>
  );
});

const getStyles = (theme: GrafanaTheme2) => ({
  items: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(0.5), minWidth: 0 }),
  note: css({ ...theme.typography.bodySmall, color: theme.colors.text.link, whiteSpace: 'nowrap' }),
  link: css({ color: theme.colors.text.secondary, display: 'flex', padding: 4, '&:hover': { color: theme.colors.text.primary } }),
  notice: css({
    display: 'inline-flex',
    alignItems: 'center',
    gap: 4,
    color: theme.colors.warning.text,
    ...theme.typography.bodySmall,
    whiteSpace: 'nowrap',
  }),
});
