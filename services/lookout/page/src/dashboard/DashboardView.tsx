import { css } from '@emotion/css';
import { EventBusSrv, type GrafanaTheme2 } from '@grafana/data';
import { Alert, useStyles2 } from '@grafana/ui';
import { lazy, type ReactNode, Suspense, useCallback, useMemo, useRef, useState } from 'react';
import { KeyHelp } from '../app/KeyHelp';
import { useKeys } from '../app/keys';
import { go, setParams, usePlace } from '../app/location';
import { useMode } from '../app/theme';
import { TopBar } from '../app/TopBar';
import { useWidth } from '../app/useWidth';
import { autoIntervals, followAuto, globalScope } from '../variables/builtin';
import { variableScope } from '../variables/scope';
import { ALL, chain } from '../variables/types';
import { useVariables } from '../variables/useVariables';
import { enabledAnnotations, useAnnotations } from './annotations';
import { AnnotationsContext, DashboardContext, type DashboardState, type DashboardTools, ToolsContext } from './context';
import { Controls } from './Controls';
import { Grid } from './Grid';
import type { Opened } from './open';
import { makeSections, type Section, type ValuesOf } from './sections';
import { SinglePanel } from './SinglePanel';
import { shift, zoomOut } from './time';
import { useReady } from './useReady';
import { useTime } from './useTime';

const TraceDrawer = lazy(() => import('./TraceDrawer'));

type Props = Opened & { solo: boolean };

const isKiosk = (params: URLSearchParams) => params.has('kiosk') && params.get('kiosk') !== 'false';

/** A loaded dashboard: its controls and panels, or one panel alone. */
export function DashboardView({ dashboard, sources, meta, options, solo }: Props) {
  const styles = useStyles2(getStyles);
  const { params } = usePlace();
  const time = useTime(dashboard);
  const { toggle } = useMode();
  const { range, timeZone, tick, setRange } = time;
  const about = useMemo(() => ({ uid: dashboard.uid, title: dashboard.title, timeZone }), [dashboard, timeZone]);
  const { variables, waiting } = useVariables(dashboard.templating.list, sources, params, range, time.rangeKey, about, options);
  const scope = useMemo(() => {
    const auto = autoIntervals(variables, range);
    return chain(
      followAuto(variableScope(variables), auto),
      globalScope({ range, timeZone, uid: dashboard.uid, title: dashboard.title, variables }),
    );
  }, [variables, range, timeZone, dashboard]);
  const [shownAnnotations, setShownAnnotations] = useState<ReadonlySet<string>>(() => enabledAnnotations(dashboard));
  const annotations = useAnnotations(dashboard, sources, scope, range, waiting.size === 0, shownAnnotations);
  const [flipped, setFlipped] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [help, setHelp] = useState(false);
  const [measure, width] = useWidth();
  const repeats = useMemo(
    () => new Set(dashboard.panels.flatMap((panel) => [panel.repeat, ...(panel.panels ?? []).map((each) => each.repeat)]).filter(Boolean)),
    [dashboard],
  );
  const repeatsReady = [...repeats].every((name) => !waiting.has(name as string) || variables.has(name as string));
  const sections = useMemo(() => {
    const valuesOf: ValuesOf = (name) => {
      const state = variables.get(name);
      return (
        state &&
        (state.values[0] === ALL
          ? state.options
          : state.values.map((value) => ({ value, text: state.options.find((o) => o.value === value)?.text ?? value })))
      );
    };
    return repeatsReady ? makeSections(dashboard.panels, valuesOf) : [];
  }, [dashboard, repeatsReady, repeats.size > 0 ? variables : undefined]);
  const { report, loading } = useReady((width > 0 || solo) && repeatsReady && waiting.size === 0);
  const eventBus = useMemo(() => new EventBusSrv(), []);
  const pointer = useRef<string>(undefined);
  const hovered = useMemo(
    () => ({
      get: () => pointer.current,
      set: (key: string | undefined) => {
        pointer.current = key;
      },
    }),
    [],
  );
  const openTrace = useCallback((traceSource: string, traceId: string) => setParams({ traceSource, traceId }), []);
  const isCollapsed = useCallback((section: Section) => flipped.get(section.key) ?? section.row?.collapsed === true, [flipped]);
  const eager = solo || params.has('render');
  const tools = useMemo(
    (): DashboardTools => ({ dashboard, sources, eventBus, eager, setRange, openTrace, report, hovered }),
    [dashboard, sources, eventBus, eager, setRange, openTrace, report, hovered],
  );
  const state = useMemo(
    (): DashboardState => ({ ...tools, variables, waiting, scope, range, timeZone, tick }),
    [tools, variables, waiting, scope, range, timeZone, tick],
  );
  const kiosk = isKiosk(params);
  const viewed = solo ? `panel-${(params.get('panelId') ?? '').replace(/^panel-/, '')}` : params.get('viewPanel');
  const all = (collapsed: boolean) => setFlipped(new Map(sections.map((section) => [section.key, collapsed])));
  const jump = (to: { from: string; to: string }) => setRange(to.from, to.to);
  useKeys({
    'd k': () => setParams({ kiosk: kiosk ? undefined : '1' }),
    'd r': time.refreshNow,
    'd C': () => all(true),
    'd E': () => all(false),
    'd l': toggle,
    't z': () => jump(zoomOut(range)),
    'ctrl+z': () => jump(zoomOut(range)),
    't left': () => jump(shift(range, -1)),
    't right': () => jump(shift(range, 1)),
    'g d': () => go('/dashboards'),
    'g h': () => go('/dashboards'),
    v: () => (viewed && !solo ? setParams({ viewPanel: undefined }) : pointer.current && setParams({ viewPanel: pointer.current })),
    '?': () => setHelp(true),
    esc: () =>
      help
        ? setHelp(false)
        : params.has('traceId')
          ? setParams({ traceId: undefined, traceSource: undefined })
          : viewed
            ? setParams({ viewPanel: undefined })
            : kiosk && setParams({ kiosk: undefined }),
  });
  const single = viewed ? <SinglePanel sections={sections} wanted={viewed} solo={solo} ready={repeatsReady} /> : undefined;
  const within = (children: ReactNode) => (
    <ToolsContext.Provider value={tools}>
      <DashboardContext.Provider value={state}>
        <AnnotationsContext.Provider value={annotations}>{children}</AnnotationsContext.Provider>
      </DashboardContext.Provider>
    </ToolsContext.Provider>
  );
  if (solo) {
    return within(single);
  }
  const crumbs = [
    { text: 'Dashboards', href: '/dashboards' },
    ...(meta.folderTitle && meta.folderUid
      ? [{ text: meta.folderTitle, href: `/dashboards?folder=${encodeURIComponent(meta.folderUid)}` }]
      : []),
    { text: dashboard.title },
  ];
  const flipAnnotation = (name: string) => {
    const next = new Set(shownAnnotations);
    if (!next.delete(name)) {
      next.add(name);
    }
    setShownAnnotations(next);
  };
  return within(
    <>
      {!kiosk && <TopBar crumbs={crumbs} />}
      <main className={styles.page}>
        {!kiosk && (
          <Controls
            refresh={time.refresh}
            loading={loading}
            onRefresh={time.refreshNow}
            shownAnnotations={shownAnnotations}
            onToggleAnnotation={flipAnnotation}
          />
        )}
        {kiosk && <div className={styles.kiosk} />}
        <div ref={measure}>
          {single ??
            (width > 0 && (
              <Grid
                sections={sections}
                width={width}
                isCollapsed={isCollapsed}
                onToggle={(section) => setFlipped(new Map(flipped).set(section.key, !isCollapsed(section)))}
              />
            ))}
          {dashboard.panels.length === 0 && <Alert title="This dashboard has no panels" severity="info" />}
        </div>
      </main>
      {params.has('traceId') && (
        <Suspense fallback={null}>
          <TraceDrawer />
        </Suspense>
      )}
      {help && <KeyHelp onClose={() => setHelp(false)} />}
    </>,
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  page: css({ padding: theme.spacing(0, 2, 2), [theme.breakpoints.down('sm')]: { padding: theme.spacing(0, 1, 1) } }),
  kiosk: css({ height: theme.spacing(2) }),
});
