import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, useStyles2 } from '@grafana/ui';
import { useMemo, useRef } from 'react';
import { interpolate } from '../variables/interpolate';
import { chain, scopeOf } from '../variables/types';
import { useDashboard, useTools } from './context';
import { layOut, NARROW, type Placed } from './layout';
import { PanelFrame } from './PanelFrame';
import type { Section } from './sections';
import { useWindowed } from './useWindowed';

interface Props {
  sections: Section[];
  width: number;
  isCollapsed: (section: Section) => boolean;
  onToggle: (section: Section) => void;
}

function Row({ item, collapsed, onToggle }: { item: Placed; collapsed: boolean; onToggle: () => void }) {
  const styles = useStyles2(getStyles);
  const { scope } = useDashboard();
  const { row, bindings, panels } = item.section;
  const title = interpolate(row?.title || 'Row', chain(scopeOf(bindings), scope), 'text');
  return (
    <button type="button" className={styles.row} aria-expanded={!collapsed} onClick={onToggle} data-row-title={title}>
      <Icon name={collapsed ? 'angle-right' : 'angle-down'} />
      <span className={styles.title}>{title}</span>
      {collapsed && <span className={styles.count}>{`(${panels.length} ${panels.length === 1 ? 'panel' : 'panels'})`}</span>}
    </button>
  );
}

/** The panels of a dashboard on their grid; below a tablet's width one under the other. */
export function Grid({ sections, width, isCollapsed, onToggle }: Props) {
  const { eager } = useTools();
  const narrow = window.innerWidth < NARROW;
  const { items, height } = useMemo(() => layOut(sections, isCollapsed, width, narrow), [sections, isCollapsed, width, narrow]);
  const container = useRef<HTMLDivElement>(null);
  const shown = useWindowed(items, eager, container);
  return (
    <div ref={container} style={{ position: 'relative', height }}>
      {shown.map((item) => (
        <div key={item.key} style={{ position: 'absolute', left: item.left, top: item.top, width: item.width, height: item.height }}>
          {item.kind === 'row' ? (
            <Row item={item} collapsed={isCollapsed(item.section)} onToggle={() => onToggle(item.section)} />
          ) : (
            item.instance && <PanelFrame instance={item.instance} width={item.width} height={item.height} />
          )}
        </div>
      ))}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  row: css({
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(0.5),
    width: '100%',
    height: '100%',
    padding: theme.spacing(0, 0.5),
    border: 'none',
    background: 'none',
    color: theme.colors.text.primary,
    textAlign: 'left',
  }),
  title: css({ ...theme.typography.h5, margin: 0, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }),
  count: css({ color: theme.colors.text.secondary, marginLeft: theme.spacing(0.5), whiteSpace: 'nowrap' }),
});
