// Dashboards of the stand-in: one with every panel type, and those with which a page has to be careful.
const prom = { type: 'prometheus', uid: '${ds}' };
let id = 0;
const panel = (type, title, gridPos, expr, extra = {}) => ({
  id: ++id,
  type,
  title,
  gridPos,
  datasource: prom,
  targets: expr === undefined ? [] : [{ refId: 'A', expr, datasource: prom, legendFormat: '{{service}}' }],
  ...extra,
});
const at = (x, y, w, h) => ({ x, y, w, h });
const defaults = (config) => ({ fieldConfig: { defaults: config, overrides: [] } });
const steps = { mode: 'absolute', steps: [{ value: null, color: 'green' }, { value: 200, color: 'yellow' }, { value: 400, color: 'red' }] };
const instant = (more = {}) => [{ refId: 'A', expr: 'requests', instant: true, range: false, datasource: prom, legendFormat: '{{service}}', ...more }];

const dashboard = (uid, title, panels, more = {}) => ({
  uid,
  title,
  schemaVersion: 41,
  tags: ['test'],
  time: { from: 'now-6h', to: 'now' },
  timezone: 'utc',
  graphTooltip: 1,
  annotations: { list: [] },
  templating: { list: [{ name: 'ds', type: 'datasource', query: 'prometheus', label: 'Data source', current: {} }] },
  panels,
  ...more,
});

const variables = [
  { name: 'ds', type: 'datasource', query: 'prometheus', label: 'Data source', current: {} },
  { name: 'service', type: 'query', label: 'Service', datasource: prom, query: { query: 'label_values(up, service)' }, multi: true, includeAll: true, current: { value: ['$__all'] }, sort: 1 },
  { name: 'instance', type: 'query', label: 'Instance', datasource: prom, query: 'label_values(up{service=~"$service"}, instance)', current: {} },
  { name: 'interval', type: 'interval', label: 'Interval', query: '1m,5m,1h', current: { value: '5m' } },
  { name: 'note', type: 'textbox', label: 'Note', query: '', current: { value: 'hello' } },
];

const all = [
  { id: ++id, type: 'row', title: 'Values', gridPos: at(0, 0, 24, 1), collapsed: false, panels: [] },
  panel('stat', 'Request rate', at(0, 1, 4, 5), 'requests', { ...defaults({ unit: 'reqps', thresholds: steps }), options: { graphMode: 'area', reduceOptions: { calcs: ['lastNotNull'] } }, targets: [{ refId: 'A', expr: 'echo', legendFormat: 'x', datasource: prom }] }),
  panel('gauge', 'CPU', at(4, 1, 5, 5), undefined, { targets: instant().slice(0, 1), ...defaults({ min: 0, max: 500, unit: 'short', thresholds: steps }), options: { reduceOptions: { calcs: ['lastNotNull'], limit: 2 } } }),
  panel('bargauge', 'Memory by service', at(9, 1, 6, 5), undefined, { targets: instant(), ...defaults({ min: 0, max: 500, thresholds: steps }), options: { orientation: 'horizontal', displayMode: 'lcd' } }),
  panel('piechart', 'Share', at(15, 1, 5, 5), undefined, { targets: instant(), options: { pieType: 'donut', legend: { showLegend: true, placement: 'right', values: ['percent'] } } }),
  panel('text', 'About', at(20, 1, 4, 5), undefined, { options: { mode: 'markdown', content: '## Hello\n* [link](https://example.com)\n* `code`\n\n<script>window.hacked=1</script><img src=x onerror="window.hacked=1">\n\nNote: **$note**' } }),
  { id: ++id, type: 'row', title: 'Over time', gridPos: at(0, 6, 24, 1), collapsed: false, panels: [] },
  panel('timeseries', 'Requests by service', at(0, 7, 12, 9), 'requests', {
    ...defaults({ unit: 'reqps', custom: { fillOpacity: 12, lineWidth: 2 }, links: [{ title: 'Look at ${__field.labels.service}', url: '/d/all?var-service=${__field.labels.service}&${__url_time_range}' }] }),
    targets: [{ refId: 'A', expr: 'requests{service=~"$service"}[$__rate_interval]', exemplar: true, datasource: prom, legendFormat: '{{service}}' }],
    options: { legend: { displayMode: 'table', placement: 'bottom', calcs: ['mean', 'lastNotNull', 'max'] }, tooltip: { mode: 'multi', sort: 'desc' } },
  }),
  panel('heatmap', 'Latency', at(12, 7, 12, 9), undefined, { targets: [{ refId: 'A', expr: 'buckets', format: 'heatmap', datasource: prom, legendFormat: '{{le}}' }], options: { yAxis: { unit: 's' }, color: { scheme: 'Oranges' } } }),
  panel('state-timeline', 'Up', at(0, 16, 12, 7), 'states', defaults({ mappings: [{ type: 'value', options: { 0: { text: 'Down', color: 'red' }, 1: { text: 'Up', color: 'green' } } }] })),
  panel('barchart', 'Requests now', at(12, 16, 12, 7), undefined, { targets: instant({ format: 'table' }), options: { xField: 'service', legend: { showLegend: true } }, transformations: [{ id: 'organize', options: { excludeByName: { Time: true, env: true } } }] }),
  panel('table', 'Services', at(0, 23, 12, 8), undefined, { targets: instant({ format: 'table' }), transformations: [{ id: 'organize', options: { excludeByName: { Time: true }, renameByName: { Value: 'Requests' } } }], ...defaults({ thresholds: steps, custom: {} }) }),
  panel('logs', 'Log', at(12, 23, 12, 8), 'logs'),
  panel('alertlist', 'Alerts', at(0, 31, 8, 8), undefined, { options: { stateFilter: { firing: true, pending: true, normal: true } } }),
  panel('nodeGraph', 'Who calls whom', at(8, 31, 16, 8), undefined, { datasource: { type: 'grafana-x-ray-datasource', uid: 'xray' }, targets: [{ refId: 'A', queryType: 'getServiceMap' }] }),
  panel('traces', 'One request', at(0, 39, 24, 9), undefined, { datasource: { type: 'grafana-x-ray-datasource', uid: 'xray' }, targets: [{ refId: 'A', queryType: 'getTrace', query: '1-6b0a8bf3-a275734959bda4243adaea11' }] }),
  { id: ++id, type: 'row', title: 'For $service', gridPos: at(0, 48, 24, 1), collapsed: true, repeat: 'service', panels: [panel('stat', 'Of $service', at(0, 49, 8, 4), 'echo{service="$service"}')] },
  panel('geomap', 'Not here', at(0, 60, 12, 5), 'requests'),
];

const careful = [
  panel('timeseries', 'Broken', at(0, 0, 8, 6), 'broken'),
  panel('timeseries', 'Live', at(8, 0, 8, 6), 'requests'),
  panel('timeseries', 'Slow', at(16, 0, 8, 6), 'slow'),
  panel('timeseries', 'Ten thousand', at(0, 6, 12, 8), 'many 10000'),
  panel('stat', 'Nothing', at(12, 6, 6, 8), 'nothing', defaults({ noValue: 'Comes with the first request' })),
  panel('geomap', 'Map', at(18, 6, 6, 8), 'requests'),
  panel('timeseries', 'Labels with script', at(0, 14, 12, 8), 'requests', { description: 'text <script>window.hacked=1</script>' }),
  panel('timeseries', 'No such source', at(12, 14, 12, 8), 'requests', { datasource: { uid: 'gone' }, targets: [{ refId: 'A', expr: 'x' }] }),
  panel('timeseries', 'Far below', at(0, 100, 12, 8), 'echo below'),
];
careful.push(...Array.from({ length: 12 }, (_, i) => panel('stat', `Filler ${i}`, at(0, 22 + i * 6, 24, 6), 'requests')));

export const dashboards = {
  all: dashboard('all', 'Every panel', all, {
    templating: { list: variables },
    annotations: { list: [{ name: 'Deployments', enable: true, iconColor: 'purple', datasource: { type: 'grafana', uid: '-- Grafana --' }, target: { type: 'dashboard', limit: 100 } }] },
    links: [{ title: 'Test', type: 'dashboards', tags: ['test'], asDropdown: true, keepTime: true }, { title: 'Careful', type: 'link', url: '/d/careful', keepTime: true, includeVars: true, icon: 'dashboard' }],
  }),
  careful: dashboard('careful', 'Careful', careful),
  v2: { apiVersion: 'dashboard.grafana.app/v2beta1', kind: 'Dashboard', spec: { elements: {}, layout: {} } },
  newer: { ...dashboard('newer', 'Newer', []), schemaVersion: 99 },
};
