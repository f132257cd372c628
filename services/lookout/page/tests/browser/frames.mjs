// Frames in the form of Grafana's data frame JSON, for the stand-in server.

export const wave = (from, to, step, at) => {
  const times = [];
  const values = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
    times.push(time);
    values.push(at(time));
  }
  return [times, values];
};

const field = (name, type, extra = {}) => ({ name, type, typeInfo: { frame: { time: 'time.Time', number: 'float64', string: 'string' }[type] }, ...extra });

export const series = (refId, name, labels, [times, values], step) => ({
  schema: {
    refId,
    name,
    meta: { type: 'timeseries-multi' },
    fields: [field('Time', 'time', { config: { interval: step } }), field('Value', 'number', { labels, config: { displayNameFromDS: name } })],
  },
  data: { values: [times, values] },
});

export const table = (refId, columns) => ({
  schema: { refId, fields: columns.map(([name, type]) => field(name, type)) },
  data: { values: columns.map(([, , values]) => values) },
});

export const exemplars = (refId, rows) => ({
  schema: {
    refId,
    name: 'exemplar',
    meta: { custom: { resultType: 'exemplar' } },
    fields: [field('Time', 'time'), field('Value', 'number'), field('trace_id', 'string'), field('service', 'string')],
  },
  data: { values: [rows.map((r) => r.time), rows.map((r) => r.value), rows.map((r) => r.trace), rows.map(() => 'checkout')] },
});

export const trace = (refId, id, start) => {
  const spans = [
    ['a', '', 'gateway', 'GET /answers', 0, 120, false],
    ['b', 'a', 'endpoint', 'InvokeEndpoint', 8, 104, false],
    ['c', 'b', 'model', 'queue', 10, 30, false],
    ['d', 'b', 'model', 'predict', 42, 66, true],
    ['e', 'd', 'model', 'forward', 44, 50, false],
    ['f', 'a', 'store', 'PutItem', 113, 5, false],
  ];
  const tags = (failed) => [{ key: 'http.method', value: 'POST' }, ...(failed ? [{ key: 'error', value: true }] : [])];
  return {
    schema: {
      refId,
      meta: { preferredVisualisationType: 'trace' },
      fields: [
        ...['traceID', 'spanID', 'parentSpanID', 'operationName', 'serviceName'].map((name) => field(name, 'string')),
        { name: 'serviceTags', type: 'other' },
        field('startTime', 'number'),
        field('duration', 'number'),
        { name: 'tags', type: 'other' },
      ],
    },
    data: {
      values: [
        spans.map(() => id),
        spans.map((s) => s[0]),
        spans.map((s) => s[1]),
        spans.map((s) => s[3]),
        spans.map((s) => s[2]),
        spans.map((s) => [{ key: 'service.name', value: s[2] }]),
        spans.map((s) => start + s[4]),
        spans.map((s) => s[5]),
        spans.map((s) => tags(s[6])),
      ],
    },
  };
};

const stat = (name, values, unit, displayName) => [{ ...field(name, 'number'), config: { unit, displayName } }, values];

export const graph = (refId) => {
  const nodes = [
    [field('id', 'string'), ['0', '1', '2', '3', '4']],
    [field('title', 'string'), ['client', 'gateway', 'endpoint', 'model', 'store']],
    [field('subtitle', 'string'), ['client', 'AWS::ApiGateway::Stage', 'AWS::SageMaker', 'remote', 'AWS::DynamoDB']],
    stat('mainstat', [120, 118, 104, 66, 5], 'ms', 'Average response time'),
    stat('secondarystat', [60, 60, 60, 60, 58], 't/min', 'Transactions per minute'),
    [{ ...field('arc__success', 'number'), config: { color: { mode: 'fixed', fixedColor: 'green' }, displayName: 'Success' } }, [1, 0.95, 0.9, 0.8, 1]],
    [{ ...field('arc__faults', 'number'), config: { color: { mode: 'fixed', fixedColor: 'red' }, displayName: 'Fault' } }, [0, 0.05, 0.1, 0.2, 0]],
  ];
  const edges = [
    [field('id', 'string'), ['0__1', '1__2', '2__3', '1__4']],
    [field('source', 'string'), ['0', '1', '2', '1']],
    [field('target', 'string'), ['1', '2', '3', '4']],
    [field('mainstat', 'string'), ['Success 100%', 'Success 95%', 'Success 90%', 'Success 100%']],
  ];
  return [['nodes', nodes], ['edges', edges]].map(([name, columns]) => ({
    schema: { refId, name, meta: { preferredVisualisationType: 'nodeGraph' }, fields: columns.map(([one]) => one) },
    data: { values: columns.map(([, values]) => values) },
  }));
};
