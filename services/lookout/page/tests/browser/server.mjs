// A stand-in for the server: Grafana's API with made-up data, and the built page. For the page's own tests only.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { answer } from './answers.mjs';
import { dashboards } from './dashboards.mjs';

const dist = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../dist');
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
// The policy that the real server sends: a page that needs more would not work there.
const policy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'";

const settings = {
  datasources: {
    prom: { uid: 'prom', name: 'prom', type: 'prometheus', isDefault: true, jsonData: { timeInterval: '15s', exemplarTraceIdDestinations: [{ name: 'trace_id', datasourceUid: 'xray' }] } },
    xray: { uid: 'xray', name: 'xray', type: 'grafana-x-ray-datasource', jsonData: {} },
  },
  defaultDatasource: 'prom',
  buildInfo: { version: '12.0.0' },
};

const rules = {
  status: 'success',
  data: {
    groups: [
      {
        name: 'serving',
        file: 'obsiverse',
        rules: [
          { name: 'EndpointLatencyHigh', type: 'alerting', state: 'firing', health: 'ok', labels: { severity: 'page' }, annotations: { summary: 'p99 is over half a second' }, alerts: [{ state: 'Alerting', labels: { endpoint: 'a' }, activeAt: new Date(Date.now() - 6e5).toISOString() }] },
          { name: 'ServiceDown', type: 'alerting', state: 'inactive', health: 'ok', alerts: [] },
        ],
      },
    ],
  },
};

const hits = Object.values(dashboards)
  .filter((one) => one.uid)
  .map((one) => ({ uid: one.uid, title: one.title, type: 'dash-db', url: `/d/${one.uid}`, tags: one.tags, folderUid: 'tests', folderTitle: 'Tests' }));

async function api(url, read) {
  const dashboard = /^\/api\/dashboards\/uid\/(.+)$/.exec(url.pathname);
  if (dashboard) {
    const found = dashboards[dashboard[1]];
    return found ? [200, { dashboard: found, meta: { folderTitle: 'Tests', folderUid: 'tests' } }] : [404, { message: 'Dashboard not found' }];
  }
  switch (url.pathname) {
    case '/api/frontend/settings':
      return [200, settings];
    case '/api/search':
      return [200, [{ uid: 'tests', title: 'Tests', type: 'dash-folder', url: '/dashboards/f/tests', tags: [] }, ...hits]];
    case '/api/annotations': {
      const [from, to] = [Number(url.searchParams.get('from')), Number(url.searchParams.get('to'))];
      return [200, [{ id: 1, time: from + (to - from) * 0.4, text: 'Version 2 deployed', tags: ['deploy'] }, { id: 2, time: from + (to - from) * 0.7, timeEnd: from + (to - from) * 0.8, text: 'Load test', tags: [] }]];
    }
    case '/api/prometheus/grafana/api/v1/rules':
      return [200, rules];
    case '/api/ds/query': {
      const made = await answer(JSON.parse(await read()));
      return [made.status, made.body];
    }
    case '/api/datasources/uid/prom/resources/api/v1/label/service/values':
      return [200, { status: 'success', data: ['gateway', 'endpoint', 'model'] }];
    case '/api/datasources/uid/prom/resources/api/v1/label/instance/values': {
      const wanted = /service=~"\(?([^)"]*)\)?"/.exec(url.searchParams.get('match[]') ?? '')?.[1] ?? '';
      return [200, { status: 'success', data: wanted.split('|').filter(Boolean).map((service) => `${service}-1:9100`) }];
    }
    default:
      return [404, { message: `the stand-in has no ${url.pathname}` }];
  }
}

function file(pathname) {
  const wanted = path.join(dist, path.normalize(decodeURIComponent(pathname)));
  return wanted.startsWith(dist) && existsSync(wanted) && statSync(wanted).isFile() ? wanted : undefined;
}

/** Starts the stand-in; `requests` collects what it was asked. */
export function start(port = 0) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const read = async () => {
      const parts = [];
      for await (const part of request) {
        parts.push(part);
      }
      return Buffer.concat(parts).toString();
    };
    if (url.pathname.startsWith('/api/')) {
      let body = '';
      const [status, json] = await api(url, async () => (body = await read()));
      requests.push({ path: url.pathname, body });
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(json));
      return;
    }
    const found = file(url.pathname);
    const missing = !found && /^\/(?:assets|public)\//.test(url.pathname);
    const sent = found ?? path.join(dist, 'index.html');
    response.writeHead(missing ? 404 : 200, { 'Content-Type': types[path.extname(sent)] ?? 'application/octet-stream', 'Content-Security-Policy': policy });
    if (missing) {
      response.end();
    } else {
      createReadStream(sent).pipe(response);
    }
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve({ address: `http://127.0.0.1:${server.address().port}`, requests, close: () => server.close() })));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { address } = await start(Number(process.env.PORT ?? 23100));
  console.log(address);
}
