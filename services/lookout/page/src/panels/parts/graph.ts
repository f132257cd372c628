import { type DataFrame, type Field, FieldType, formattedValueToString, type GrafanaTheme2 } from '@grafana/data';

export interface GraphNode {
  id: string;
  title: string;
  subtitle: string;
  main: string;
  secondary: string;
  /** Parts of the ring, which together are the whole. */
  arcs: Array<{ share: number; color: string; name: string }>;
  color?: string;
  details: Array<[string, string]>;
  x: number;
  y: number;
}

export interface GraphEdge {
  id: string;
  source: string;
  target: string;
  main: string;
  secondary: string;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
  total: number;
}

/** More nodes than this cannot be told apart. */
export const MOST_NODES = 200;

const column = (frame: DataFrame, name: string) => frame.fields.find((field) => field.name.toLowerCase() === name.toLowerCase());

function shown(field: Field | undefined, row: number): string {
  const value: unknown = field?.values[row];
  if (!field || value === null || value === undefined || value === '') {
    return '';
  }
  return field.type === FieldType.number && field.display ? formattedValueToString(field.display(value)) : String(value);
}

/** Whether a frame has edges: it says from where to where. */
const isEdges = (frame: DataFrame) => column(frame, 'source') !== undefined && column(frame, 'target') !== undefined;

function arcsOf(frame: DataFrame, row: number, theme: GrafanaTheme2): GraphNode['arcs'] {
  return frame.fields
    .filter((field) => field.name.startsWith('arc__'))
    .map((field) => ({
      share: Number(field.values[row]) || 0,
      color: theme.visualization.getColorByName(field.config.color?.fixedColor ?? 'gray'),
      name: field.config.displayName ?? field.name.slice(5),
    }))
    .filter((arc) => arc.share > 0);
}

function nodesOf(frame: DataFrame, theme: GrafanaTheme2): GraphNode[] {
  const id = column(frame, 'id');
  const [title, subtitle, main, secondary, color] = ['title', 'subtitle', 'mainstat', 'secondarystat', 'color'].map((name) => column(frame, name));
  return Array.from({ length: Math.min(frame.length, MOST_NODES) }, (_, row) => ({
    id: String(id?.values[row]),
    title: shown(title, row) || String(id?.values[row]),
    subtitle: shown(subtitle, row),
    main: shown(main, row),
    secondary: shown(secondary, row),
    arcs: arcsOf(frame, row, theme),
    color: typeof color?.values[row] === 'string' ? theme.visualization.getColorByName(color.values[row] as string) : undefined,
    details: frame.fields
      .filter((field) => field.name.startsWith('detail__') || ['mainstat', 'secondarystat'].includes(field.name.toLowerCase()))
      .map((field): [string, string] => [field.config.displayName ?? field.name.replace('detail__', ''), shown(field, row)])
      .filter(([, text]) => text !== ''),
    x: 0,
    y: 0,
  }));
}

function edgesOf(frame: DataFrame, known: ReadonlySet<string>): GraphEdge[] {
  const [id, source, target, main, secondary] = ['id', 'source', 'target', 'mainstat', 'secondarystat'].map((name) => column(frame, name));
  return Array.from({ length: frame.length }, (_, row) => ({
    id: String(id?.values[row] ?? row),
    source: String(source?.values[row]),
    target: String(target?.values[row]),
    main: shown(main, row),
    secondary: shown(secondary, row),
  })).filter((edge) => known.has(edge.source) && known.has(edge.target));
}

/** The column of each node: one further than the furthest that calls it; calls back are left out of account. */
function layers(nodes: GraphNode[], edges: GraphEdge[]): Map<string, number> {
  const next = new Map<string, string[]>();
  for (const edge of edges) {
    if (edge.source !== edge.target) {
      next.set(edge.source, [...(next.get(edge.source) ?? []), edge.target]);
    }
  }
  const order: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const forward: GraphEdge[] = [];
  const visit = (id: string): void => {
    state.set(id, 'open');
    for (const target of next.get(id) ?? []) {
      if (state.get(target) !== 'open') {
        forward.push({ id: '', source: id, target, main: '', secondary: '' });
      }
      if (!state.has(target)) {
        visit(target);
      }
    }
    state.set(id, 'done');
    order.unshift(id);
  };
  const called = new Set(edges.filter((edge) => edge.source !== edge.target).map((edge) => edge.target));
  for (const node of [...nodes.filter((one) => !called.has(one.id)), ...nodes]) {
    if (!state.has(node.id)) {
      visit(node.id);
    }
  }
  const layer = new Map(nodes.map((node) => [node.id, 0]));
  for (const id of order) {
    for (const edge of forward.filter((one) => one.source === id)) {
      layer.set(edge.target, Math.max(layer.get(edge.target) ?? 0, (layer.get(id) ?? 0) + 1));
    }
  }
  return layer;
}

/** Distance between columns and between nodes of a column, in pixels. */
const ACROSS = 210;
const DOWN = 130;

/** Places nodes in columns from callers to the called, each near the middle of those that call it. */
export function place(nodes: GraphNode[], edges: GraphEdge[]): GraphNode[] {
  const layer = layers(nodes, edges);
  const columns: GraphNode[][] = [];
  for (const node of nodes) {
    const at = layer.get(node.id) ?? 0;
    columns[at] = [...(columns[at] ?? []), node];
  }
  const row = new Map<string, number>();
  return columns.flatMap((members, index) => {
    const wish = (node: GraphNode) => {
      const callers = edges.filter((edge) => edge.target === node.id && row.has(edge.source)).map((edge) => row.get(edge.source) ?? 0);
      return callers.length > 0 ? callers.reduce((sum, value) => sum + value, 0) / callers.length : 0;
    };
    const sorted = [...members].sort((a, b) => wish(a) - wish(b) || a.title.localeCompare(b.title));
    return sorted.map((node, i) => {
      const y = (i - (sorted.length - 1) / 2) * DOWN;
      row.set(node.id, y);
      return { ...node, x: index * ACROSS, y };
    });
  });
}

/** Reads a node graph from Grafana's frames of nodes and edges. */
export function graphOf(frames: DataFrame[], theme: GrafanaTheme2): Graph | undefined {
  const nodeFrame = frames.find((frame) => !isEdges(frame) && column(frame, 'id') && frame.length > 0);
  if (!nodeFrame) {
    return undefined;
  }
  const nodes = nodesOf(nodeFrame, theme);
  const known = new Set(nodes.map((node) => node.id));
  const edges = frames.filter(isEdges).flatMap((frame) => edgesOf(frame, known));
  return { nodes: place(nodes, edges), edges, total: nodeFrame.length };
}
