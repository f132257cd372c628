import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Alert, LinkButton, useStyles2 } from '@grafana/ui';
import { useEffect, useMemo, useState } from 'react';
import { markReady } from '../app/ready';
import { PanelFrame } from './PanelFrame';
import type { PanelInstance, Section } from './sections';

/** Finds the panel that an address names: by its key, or by a number alone. */
export function findPanel(sections: Section[], wanted: string): PanelInstance | undefined {
  const all = sections.flatMap((section) => section.panels);
  const key = /^\d+$/.test(wanted) ? `panel-${wanted}` : wanted;
  return all.find((instance) => instance.key === key) ?? all.find((instance) => instance.key.startsWith(`${key}-`));
}

function useWindowSize() {
  const [size, setSize] = useState({ width: window.innerWidth, height: window.innerHeight });
  useEffect(() => {
    const measure = () => setSize({ width: document.documentElement.clientWidth, height: window.innerHeight });
    measure();
    window.addEventListener('resize', measure);
    return () => window.removeEventListener('resize', measure);
  }, []);
  return size;
}

/** One panel that fills the page: in a dashboard's frame (`viewPanel`), or with nothing else (`/d-solo`). */
export function SinglePanel({ sections, wanted, solo, ready }: { sections: Section[]; wanted: string; solo: boolean; ready: boolean }) {
  const styles = useStyles2(getStyles);
  const { width, height } = useWindowSize();
  const instance = useMemo(() => findPanel(sections, wanted), [sections, wanted]);
  const missing = ready && !instance;
  useEffect(() => {
    if (missing) {
      markReady(true);
    }
  }, [missing]);
  if (missing) {
    return (
      <Alert title={`This dashboard has no panel ${wanted.replace(/^panel-/, '')}`} severity="warning" data-testid="panel-missing">
        {!solo && <LinkButton href={window.location.pathname}>Back to the dashboard</LinkButton>}
      </Alert>
    );
  }
  if (!instance) {
    return null;
  }
  const outer = solo ? { w: width, h: height } : { w: width - (width < 544 ? 16 : 32), h: Math.max(260, height - 130) };
  return (
    <div className={solo ? styles.solo : undefined}>
      <PanelFrame key={instance.key} instance={instance} width={outer.w} height={outer.h} alone={true} />
    </div>
  );
}

const getStyles = (_theme: GrafanaTheme2) => ({
  solo: css({ position: 'fixed', inset: 0, overflow: 'hidden' }),
});
