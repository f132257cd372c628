import { LoadingPlaceholder } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { ApiError } from '../api/client';
import { type DashboardAnswer, getDashboard, getSettings } from '../api/calls';
import { PageError } from '../app/PageError';
import { Sources } from '../variables/sources';
import { DashboardView } from './DashboardView';
import { loadDashboard, SchemaError } from './load';
import type { Dashboard } from './model';

interface Loaded {
  dashboard: Dashboard;
  sources: Sources;
  meta: DashboardAnswer['meta'];
}

interface Failed {
  title: string;
  text: string;
}

function failure(error: unknown, uid: string): Failed {
  if (error instanceof SchemaError) {
    return { title: 'This dashboard cannot be shown', text: error.message };
  }
  if (error instanceof ApiError && error.status === 404) {
    return { title: 'There is no such dashboard', text: `No dashboard has the uid ${uid}.` };
  }
  if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
    return { title: 'This dashboard is not for you to see', text: error.message };
  }
  return { title: 'The dashboard cannot be loaded', text: error instanceof Error ? error.message : String(error) };
}

/** Loads a dashboard by its uid and shows it, or says why not. */
export default function DashboardPage({ uid, solo }: { uid: string; solo: boolean }) {
  const [loaded, setLoaded] = useState<Loaded>();
  const [failed, setFailed] = useState<Failed>();
  useEffect(() => {
    const stop = new AbortController();
    Promise.all([getDashboard(uid, stop.signal), getSettings()])
      .then(([answer, settings]) => {
        if (!stop.signal.aborted) {
          setLoaded({ dashboard: { ...loadDashboard(answer.dashboard), uid }, sources: new Sources(settings), meta: answer.meta ?? {} });
        }
      })
      .catch((error: unknown) => !stop.signal.aborted && setFailed(failure(error, uid)));
    return () => stop.abort();
  }, [uid]);
  useEffect(() => {
    document.title = loaded ? `${loaded.dashboard.title} - Lookout` : 'Lookout';
  }, [loaded]);
  if (failed) {
    return <PageError title={failed.title} text={failed.text} />;
  }
  return loaded ? <DashboardView {...loaded} solo={solo} /> : <LoadingPlaceholder text="Loading the dashboard…" style={{ padding: 32 }} />;
}
