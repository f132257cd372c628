import { LoadingPlaceholder } from '@grafana/ui';
import { lazy, Suspense } from 'react';
import { DashboardPage } from '../dashboard/DashboardPage';
import { PageError } from './PageError';
import { usePlace } from './location';
import { Themed } from './theme';

const DashboardList = lazy(() => import('../browse/DashboardList'));

function Route() {
  const { path } = usePlace();
  const dashboard = /^\/(d|d-solo)\/([^/]+)/.exec(path);
  if (dashboard?.[2]) {
    return <DashboardPage key={dashboard[2]} uid={decodeURIComponent(dashboard[2])} solo={dashboard[1] === 'd-solo'} />;
  }
  if (path === '/' || /^\/dashboards(\/|$)/.test(path)) {
    return <DashboardList />;
  }
  return <PageError title="There is no such page" text={`Lookout shows dashboards, at /dashboards and /d/<uid>; ${path} is neither.`} />;
}

export function App() {
  return (
    <Themed>
      <Suspense fallback={<LoadingPlaceholder text="Loading…" style={{ padding: 32 }} />}>
        <Route />
      </Suspense>
    </Themed>
  );
}
