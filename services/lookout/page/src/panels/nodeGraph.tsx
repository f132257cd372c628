import '@xyflow/react/dist/style.css';
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Tooltip, useStyles2, useTheme2 } from '@grafana/ui';
import { Controls, type Edge, Handle, MarkerType, type Node, type NodeProps, Position, ReactFlow, ReactFlowProvider, useReactFlow } from '@xyflow/react';
import { memo, useEffect, useMemo } from 'react';
import { arcPath } from './parts/arc';
import { graphOf, type GraphNode, MOST_NODES } from './parts/graph';
import { NoData } from './parts/NoData';
import type { PanelProps } from './types';

type CircleNode = Node<{ node: GraphNode }, 'circle'>;

/** Radius of a node's circle and of the room around it, in pixels. */
const RADIUS = 32;

function Details({ node }: { node: GraphNode }) {
  return (
    <div>
      <strong>{node.title}</strong>
      {node.subtitle && <div>{node.subtitle}</div>}
      {[...node.arcs.map((arc): [string, string] => [arc.name, `${(arc.share * 100).toFixed(1)}%`]), ...node.details].map(([name, text]) => (
        <div key={name}>
          {name}: {text}
        </div>
      ))}
    </div>
  );
}

const Circle = memo(function Circle({ data: { node } }: NodeProps<CircleNode>) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const total = node.arcs.reduce((sum, arc) => sum + arc.share, 0) || 1;
  let from = 0;
  return (
    <Tooltip content={<Details node={node} />} placement="top">
      <div className={styles.node} data-node={node.id}>
        <Handle type="target" position={Position.Left} className={styles.handle} />
        <svg width={RADIUS * 2} height={RADIUS * 2} aria-hidden>
          <circle cx={RADIUS} cy={RADIUS} r={RADIUS - 3} fill={theme.colors.background.secondary} stroke={node.color ?? theme.colors.border.strong} strokeWidth={node.arcs.length > 0 ? 0 : 4} />
          {node.arcs.map((arc) => {
            const start = from;
            from += (arc.share / total) * 2 * Math.PI;
            return <path key={arc.name} d={arcPath(RADIUS, RADIUS, RADIUS - 5, RADIUS - 1, start, from)} fill={arc.color} />;
          })}
          <text x={RADIUS} y={node.secondary ? RADIUS - 6 : RADIUS} textAnchor="middle" dominantBaseline="central" fontSize={10} fill={theme.colors.text.primary}>
            {node.main}
          </text>
          <text x={RADIUS} y={RADIUS + 8} textAnchor="middle" dominantBaseline="central" fontSize={9} fill={theme.colors.text.secondary}>
            {node.secondary}
          </text>
        </svg>
        <div className={styles.title}>{node.title}</div>
        {node.subtitle && <div className={styles.subtitle}>{node.subtitle}</div>}
        <Handle type="source" position={Position.Right} className={styles.handle} />
      </div>
    </Tooltip>
  );
});

const nodeTypes = { circle: Circle };

function Flow({ nodes, edges, dark, size }: { nodes: CircleNode[]; edges: Edge[]; dark: boolean; size: string }) {
  const flow = useReactFlow();
  const key = nodes.map((node) => node.id).join('\n');
  useEffect(() => {
    const frame = requestAnimationFrame(() => void flow.fitView({ padding: 0.12, maxZoom: 1.25 }));
    return () => cancelAnimationFrame(frame);
  }, [flow, key, size]);
  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      colorMode={dark ? 'dark' : 'light'}
      fitView
      fitViewOptions={{ padding: 0.12, maxZoom: 1.25 }}
      minZoom={0.1}
      nodesConnectable={false}
      nodesDraggable={false}
      zoomOnScroll={false}
      preventScrolling={false}
      proOptions={{ hideAttribution: false }}
    >
      <Controls showInteractive={false} />
    </ReactFlow>
  );
}

export default function NodeGraphPanel({ frames, theme, width, height }: PanelProps) {
  const styles = useStyles2(getStyles);
  const graph = useMemo(() => graphOf(frames, theme), [frames, theme]);
  const { nodes, edges } = useMemo(() => {
    const line = theme.colors.border.strong;
    return {
      nodes: (graph?.nodes ?? []).map((node): CircleNode => ({ id: node.id, type: 'circle', position: { x: node.x, y: node.y }, data: { node } })),
      edges: (graph?.edges ?? []).map(
        (edge): Edge => ({
          id: edge.id,
          source: edge.source,
          target: edge.target,
          label: [edge.main, edge.secondary].filter(Boolean).join(' · '),
          style: { stroke: line, strokeWidth: 1.25 },
          labelStyle: { fill: theme.colors.text.secondary, fontSize: 9 },
          labelBgStyle: { fill: theme.colors.background.primary, fillOpacity: 0.85 },
          markerEnd: { type: MarkerType.ArrowClosed, color: line, width: 16, height: 16 },
        }),
      ),
    };
  }, [graph, theme]);
  if (!graph) {
    return <NoData frames={frames} />;
  }
  return (
    <div className={styles.graph}>
      <ReactFlowProvider>
        <Flow nodes={nodes} edges={edges} dark={theme.isDark} size={`${width}x${height}`} />
      </ReactFlowProvider>
      {graph.total > MOST_NODES && <div className={styles.more}>{`The first ${MOST_NODES} of ${graph.total.toLocaleString('en')} nodes`}</div>}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  graph: css({ position: 'relative', width: '100%', height: '100%', '.react-flow': { background: 'transparent', '--xy-attribution-background-color-default': 'transparent' } }),
  node: css({ display: 'flex', flexDirection: 'column', alignItems: 'center', width: 120 }),
  handle: css({ opacity: 0, top: RADIUS, '&.react-flow__handle-left': { left: 60 - RADIUS }, '&.react-flow__handle-right': { right: 60 - RADIUS }, pointerEvents: 'none' }),
  title: css({ ...theme.typography.bodySmall, maxWidth: 140, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', color: theme.colors.text.primary }),
  subtitle: css({ fontSize: 10, maxWidth: 140, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', color: theme.colors.text.secondary }),
  more: css({ position: 'absolute', top: 4, left: 8, ...theme.typography.bodySmall, color: theme.colors.text.secondary }),
});
