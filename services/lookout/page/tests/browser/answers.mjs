// What the stand-in's data sources answer. A query's `expr` (or X-Ray's `queryType`) chooses.
import { exemplars, graph, series, table, trace, wave } from './frames.mjs';

export const TRACE = '1-6b0a8bf3-a275734959bda4243adaea11';
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const services = ['gateway', 'endpoint', 'model', 'store', '<img src=x onerror="window.hacked=1">'];

const many = (refId, from, to, count) => {
  const data = wave(from, to, Math.max(60_000, (to - from) / 20), () => 1);
  return Array.from({ length: count }, (_, i) => series(refId, `series ${i}`, { n: String(i) }, [data[0], data[0].map((t) => i + Math.sin(t / 6e5))], 60_000));
};

const byService = (refId, from, to, step, scale = 1) =>
  services.map((service, i) => series(refId, service, { service }, wave(from, to, step, (t) => scale * (100 + 80 * i + 20 * Math.sin(t / 9e5 + i))), step));

const buckets = (refId, from, to, step) => {
  const bounds = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '+Inf'];
  return bounds.map((le, i) => series(refId, le, { le }, wave(from, to, step, (t) => Math.min(200, (i + 1) ** 2 * (3 + Math.sin(t / 9e5)))), step));
};

const logs = (refId, from, to) => {
  const step = Math.max(1000, (to - from) / 40);
  const [times] = wave(from, to, step, () => 0);
  const texts = times.map((_, i) => ['{"level":"info","event":"answered","ms":12}', 'WARN queue is half full', 'ERROR the model raised ValueError', '<script>window.hacked=1</script> plain text'][i % 4]);
  const frame = table(refId, [['@timestamp', 'time', times], ['@message', 'string', texts], ['service', 'string', times.map((_, i) => services[i % 4])]]);
  frame.schema.meta = { preferredVisualisationType: 'logs' };
  return [frame];
};

const states = (refId, from, to, step) =>
  services.slice(0, 4).map((service, i) => series(refId, service, { service }, wave(from, to, step, (t) => (Math.floor(t / (9e5 * (i + 1))) % 4 === 0 ? 0 : 1)), step));

async function frames(query, from, to) {
  const step = Math.max(15_000, query.intervalMs ?? 15_000);
  const { refId } = query;
  const end = [to, to];
  if (query.queryType === 'getTrace') {
    return query.query === TRACE ? [trace(refId, TRACE, to - 60_000)] : [];
  }
  if (query.queryType === 'getServiceMap') {
    return graph(refId);
  }
  const expr = String(query.expr ?? query.expression ?? '');
  if (expr.startsWith('slow')) {
    await sleep(6000);
  }
  if (expr.startsWith('broken')) {
    throw new Error('1:7: parse error: unexpected end of input');
  }
  if (expr.startsWith('many')) {
    return many(refId, from, to, Number(/\d+/.exec(expr)?.[0] ?? 10_000));
  }
  if (expr.startsWith('nothing')) {
    return [{ schema: { refId, fields: [] }, data: { values: [] } }];
  }
  if (expr.startsWith('buckets')) {
    return buckets(refId, from, to, step);
  }
  if (expr.startsWith('logs')) {
    return logs(refId, from, to);
  }
  if (expr.startsWith('states')) {
    return states(refId, from, to, step);
  }
  if (expr.startsWith('echo')) {
    return [series(refId, expr, {}, [[to], [1]], step)];
  }
  const made = query.instant ? services.map((s, i) => series(refId, s, { service: s, env: i % 2 ? 'prod' : 'stage' }, [[end[0]], [100 + 80 * i]], step)) : byService(refId, from, to, step);
  if (query.exemplar) {
    made.push(exemplars(refId, Array.from({ length: 12 }, (_, i) => ({ time: from + ((to - from) * (i + 0.5)) / 12, value: 120 + 25 * i, trace: TRACE }))));
  }
  return made;
}

/** Answers `POST /api/ds/query` as Grafana does: results by refId, 400 where one failed alone. */
export async function answer(body) {
  const results = {};
  let failed = 0;
  await Promise.all(
    body.queries.map(async (query) => {
      try {
        results[query.refId] = { status: 200, frames: await frames(query, Number(body.from), Number(body.to)) };
      } catch (error) {
        failed++;
        results[query.refId] = { status: 400, error: error.message, frames: [] };
      }
    }),
  );
  return { status: failed === 0 ? 200 : failed === body.queries.length ? 400 : 207, body: { results } };
}
