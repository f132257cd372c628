import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { memo, type RefObject, useCallback, useDeferredValue, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { kindOf } from '../panels/kinds';
import { interpolate } from '../variables/interpolate';
import { chain, scopeOf } from '../variables/types';
import { useDashboard, useTools } from './context';
import { showLink } from './links';
import { type Content, ContentContext, useShownFrames } from './PanelBody';
import { PanelHeader } from './PanelHeader';
import { unsupportedOptions } from './process';
import type { PanelInstance } from './sections';
import { rangeParams } from './time';
import { usePanelData } from './usePanelData';

/** Pixels about what is in sight within which a panel is there before it is scrolled to. */
const AROUND = 120;

/** Whether an element is in sight, or was. */
function useSeen(eager: boolean) {
  const ref = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(eager);
  useLayoutEffect(() => {
    if (seen || !ref.current) {
      return;
    }
    const { top, bottom } = ref.current.getBoundingClientRect();
    if (bottom >= -AROUND && top <= window.innerHeight + AROUND) {
      // An observer would tell so a frame later.
      setSeen(true);
      return;
    }
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setSeen(true), {
      rootMargin: `${AROUND}px`,
    });
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [seen]);
  return { ref, seen };
}

interface Props {
  instance: PanelInstance;
  width: number;
  height: number;
  /** The panel fills the page alone. */
  alone?: boolean;
}

/** How many series a query has of which the server sent the first only: it says so in a notice. */
export const seriesSaid = (notices: string[]): string | undefined =>
  notices.map((text) => /\b((?:more than )?\d[\d,]*) series\b/.exec(text)?.[1]).find((text) => text !== undefined);

const number = (value: number) => value.toLocaleString('en');

/** The same object for as long as what it says is the same. */
function useSame<T>(value: T): T {
  const said = JSON.stringify(value);
  return useMemo(() => value, [said]);
}

/** Whether something is so, and has been for a second. */
function useLasting(so: boolean): boolean {
  const [lasts, setLasts] = useState(false);
  useEffect(() => {
    if (!so) {
      return;
    }
    const timer = setTimeout(() => setLasts(true), 1000);
    return () => {
      clearTimeout(timer);
      setLasts(false);
    };
  }, [so]);
  return so && lasts;
}

/** A panel's frame before anything is in it. */
function Outline({ title }: { title: string }) {
  const styles = useStyles2(getStyles);
  return <div className={styles.outline}>{title}</div>;
}

/** A panel with its frame; until it is scrolled to, an empty one that only says which it is. */
export const PanelFrame = memo(function PanelFrame(props: Props) {
  const { eager } = useTools();
  const { ref, seen } = useSeen(eager || props.alone === true);
  return seen ? <LivePanel {...props} /> : <UnseenPanel {...props} element={ref} />;
});

function UnseenPanel({ instance, width, height, element }: Props & { element: RefObject<HTMLDivElement | null> }) {
  const { scope } = useDashboard();
  const { panel, key, bindings } = instance;
  const title = interpolate(panel.title ?? '', chain(scopeOf(bindings), scope), 'text').trim();
  const about = {
    'data-panel-id': panel.id,
    'data-panel-key': key,
    'data-panel-title': title,
    'data-panel-type': panel.type,
    'data-state': 'loading',
  };
  return (
    <div ref={element} {...about} style={{ width, height }}>
      <Outline title={title} />
    </div>
  );
}

/** A panel that was scrolled to: it asks for its data first, and has all of its frame once there is time for that, or they are there. */
function LivePanel({ instance, width, height, alone = false }: Props) {
  const styles = useStyles2(getStyles);
  const state = useDashboard();
  const { panel, key } = instance;
  const { data, scope, shownScope, note } = usePanelData(instance, width);
  const { frames, total, shown } = useShownFrames(instance, data, shownScope);
  const [drawn, setDrawn] = useState(false);
  // Bars that move in every panel make a browser without a GPU draw all of the page sixty times a second.
  const slow = useLasting(data.busy);
  const inTime = useDeferredValue(true, false);
  const framed = inTime || data.state !== 'loading';
  const kind = kindOf(panel.type);
  const waiting = !!kind && (data.state === 'done' || kind.alone) && !drawn;
  const settled = data.state !== 'loading' && !data.busy && !waiting;
  const { report } = state;
  useEffect(() => {
    report(key, settled ? data.state : 'loading');
  }, [report, key, settled, data.state]);
  useEffect(() => () => report(key, undefined), [report, key]);
  const onDrawn = useCallback(() => setDrawn(true), []);
  const title = interpolate(panel.title ?? '', scope, 'text').trim();
  const links = useSame(
    (panel.links ?? []).map((link, i) => showLink(link, String(i), scope, rangeParams(state.range), state.variables)),
  );
  const unsupported = useMemo(() => unsupportedOptions(panel), [panel]);
  const notices = useSame([...data.notices, ...unsupported]);
  const cut =
    shown > 0 && total > shown ? `${number(shown)} of ${seriesSaid(data.notices) ?? number(Math.max(total, data.total))}` : undefined;
  const content = useMemo(
    (): Content => ({ instance, data, scope: shownScope, frames, onDrawn }),
    [instance, data, shownScope, frames, onDrawn],
  );
  return (
    <div
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
      {framed ? (
        <ContentContext.Provider value={content}>
          <PanelHeader
            instance={instance}
            width={width}
            height={height}
            alone={alone}
            title={title}
            description={panel.description ? interpolate(panel.description, scope, 'text') : ''}
            links={links}
            notices={notices}
            cut={cut}
            note={note}
            slow={slow}
            error={data.state === 'error' ? data.error : undefined}
          />
        </ContentContext.Provider>
      ) : (
        <Outline title={title} />
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  frame: css({ section: { boxSizing: 'border-box' } }),
  outline: css({
    height: '100%',
    padding: theme.spacing(1, 1.5),
    background: theme.colors.background.primary,
    border: `1px solid ${theme.components.panel.borderColor}`,
    borderRadius: theme.shape.radius.default,
    fontWeight: theme.typography.fontWeightMedium,
    overflow: 'hidden',
  }),
});
