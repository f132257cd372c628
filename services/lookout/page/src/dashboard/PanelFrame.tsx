import { css } from '@emotion/css';
import { type GrafanaTheme2, LoadingState, renderMarkdown } from '@grafana/data';
import { Dropdown, Icon, IconButton, Menu, PanelChrome, Tooltip, useStyles2 } from '@grafana/ui';
import { memo, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { setParams } from '../app/location';
import { kindOf } from '../panels/kinds';
import { interpolate } from '../variables/interpolate';
import { useDashboard } from './context';
import { showLink } from './links';
import { PanelBody, useShownFrames } from './PanelBody';
import { unsupportedOptions } from './process';
import type { PanelInstance } from './sections';
import { rangeParams } from './time';
import { usePanelData } from './usePanelData';

/** Whether an element is in sight, or was; with room around, so that a panel is there before it is scrolled to. */
function useSeen(eager: boolean) {
  const ref = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(eager);
  useEffect(() => {
    if (seen || !ref.current) {
      return;
    }
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setSeen(true), { rootMargin: '120px' });
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [seen]);
  return { ref, seen };
}

function Notices({ texts, cut }: { texts: string[]; cut?: string }) {
  const styles = useStyles2(getStyles);
  if (texts.length === 0 && !cut) {
    return null;
  }
  return (
    <Tooltip content={<div>{[...(cut ? [`${cut} series are drawn.`] : []), ...texts].map((text) => <div key={text}>{text}</div>)}</div>}>
      <span className={styles.notice} data-testid="panel-notice" tabIndex={0}>
        <Icon name="exclamation-triangle" size="sm" />
        {cut && <span>{cut} series</span>}
      </span>
    </Tooltip>
  );
}

interface Props {
  instance: PanelInstance;
  width: number;
  height: number;
  /** The panel fills the page alone. */
  alone?: boolean;
}

const number = (value: number) => value.toLocaleString('en');

/** A panel with its frame: title, description, links, menu, and the state of its data. */
export const PanelFrame = memo(function PanelFrame({ instance, width, height, alone }: Props) {
  const styles = useStyles2(getStyles);
  const state = useDashboard();
  const { panel, key } = instance;
  const { ref, seen } = useSeen(state.eager || alone === true);
  const { data, scope, note } = usePanelData(instance, seen, width);
  const { frames, total, shown } = useShownFrames(instance, data, scope);
  const [drawn, setDrawn] = useState(false);
  const kind = kindOf(panel.type);
  const waiting = !!kind && (data.state === 'done' || kind.alone) && !drawn;
  const settled = data.state !== 'loading' && !data.busy && !waiting;
  const { report } = state;
  useEffect(() => {
    report(key, seen ? (settled ? data.state : 'loading') : undefined);
  }, [report, key, seen, settled, data.state]);
  useEffect(() => () => report(key, undefined), [report, key]);
  const onDrawn = useCallback(() => setDrawn(true), []);
  const title = interpolate(panel.title ?? '', scope, 'text');
  const description = panel.description ? renderMarkdown(interpolate(panel.description, scope, 'text')) : undefined;
  const links = (panel.links ?? []).map((link, i) => showLink(link, String(i), scope, rangeParams(state.range), state.variables));
  const notices = useMemo(() => [...data.notices, ...unsupportedOptions(panel)], [data.notices, panel]);
  const cut = shown > 0 && total > shown ? `${number(shown)} of ${number(total)}` : undefined;
  const view = () => setParams({ viewPanel: alone ? undefined : key });
  const menu = (
    <Menu>
      <Menu.Item label={alone ? 'Back to dashboard' : 'View'} icon={alone ? 'arrow-left' : 'eye'} shortcut="v" onClick={view} />
      <Menu.Item
        label="Copy link"
        icon="link"
        onClick={() => void navigator.clipboard?.writeText(`${window.location.origin}/d/${state.dashboard.uid}?${new URLSearchParams({ ...rangeParams(state.range), viewPanel: key })}`)}
      />
      {links.length > 0 && <Menu.Divider />}
      {links.map((link) => (
        <Menu.Item key={link.key} label={link.title} icon="external-link-alt" url={link.href} target={link.blank ? '_blank' : undefined} />
      ))}
    </Menu>
  );
  const items = [
    ...(note ? [<span key="note" className={styles.note}><Icon name="clock-nine" size="sm" /> {note}</span>] : []),
    ...(links.length > 0
      ? [
          links.length === 1 && links[0] ? (
            <Tooltip key="links" content={links[0].title}>
              <a href={links[0].href} target={links[0].blank ? '_blank' : undefined} rel="noreferrer" className={styles.link} aria-label={links[0].title}>
                <Icon name="external-link-alt" size="sm" />
              </a>
            </Tooltip>
          ) : (
            <Dropdown key="links" overlay={<Menu>{links.map((link) => <Menu.Item key={link.key} label={link.title} url={link.href} target={link.blank ? '_blank' : undefined} />)}</Menu>}>
              <IconButton name="link" size="sm" aria-label="Panel links" />
            </Dropdown>
          ),
        ]
      : []),
    <Notices key="notices" texts={notices} cut={cut} />,
  ];
  return (
    <div
      ref={ref}
      style={{ width, height }}
      className={styles.frame}
      data-panel-id={panel.id}
      data-panel-key={key}
      data-panel-title={title}
      data-panel-type={panel.type}
      data-state={settled ? data.state : 'loading'}
      onMouseEnter={() => state.hovered.set(key)}
      onMouseLeave={() => state.hovered.set(undefined)}
    >
      <PanelChrome
        width={width}
        height={height}
        title={title}
        description={description}
        titleItems={<div className={styles.items}>{items}</div>}
        menu={menu}
        hoverHeader={title === ''}
        padding={kind?.padding ?? 'md'}
        displayMode={panel.transparent ? 'transparent' : 'default'}
        loadingState={seen && data.busy ? LoadingState.Loading : data.state === 'error' ? LoadingState.Error : LoadingState.Done}
        statusMessage={data.state === 'error' ? data.error : undefined}
        statusMessageOnClick={() => undefined}
      >
        {(innerWidth, innerHeight) =>
          seen && innerWidth > 0 && innerHeight > 0 ? (
            <PanelBody instance={instance} data={data} scope={scope} frames={frames} width={innerWidth} height={innerHeight} onDrawn={onDrawn} />
          ) : null
        }
      </PanelChrome>
    </div>
  );
});

const getStyles = (theme: GrafanaTheme2) => ({
  frame: css({ section: { boxSizing: 'border-box' } }),
  items: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(0.5), minWidth: 0 }),
  note: css({ ...theme.typography.bodySmall, color: theme.colors.text.link, whiteSpace: 'nowrap' }),
  link: css({ color: theme.colors.text.secondary, display: 'flex', padding: 4, '&:hover': { color: theme.colors.text.primary } }),
  notice: css({ display: 'inline-flex', alignItems: 'center', gap: 4, color: theme.colors.warning.text, ...theme.typography.bodySmall, whiteSpace: 'nowrap' }),
});
