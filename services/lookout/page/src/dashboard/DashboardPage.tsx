import { LoadingPlaceholder } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { ApiError } from '../api/client';
import { PageError } from '../app/PageError';
import { DashboardView } from './DashboardView';
import { SchemaError } from './load';
import { type Opened, openDashboard } from './open';

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
export function DashboardPage({ uid, solo }: { uid: string; solo: boolean }) {
  const [opened, setOpened] = useState<Opened>();
  const [failed, setFailed] = useState<Failed>();
  useEffect(() => {
    let live = true;
    openDashboard(uid)
      .then((opened) => live && setOpened(opened))
      .catch((error: unknown) => live && setFailed(failure(error, uid)));
    return () => {
      live = false;
    };
  }, [uid]);
  useEffect(() => {
    document.title = opened ? `${opened.dashboard.title} - Lookout` : 'Lookout';
  }, [opened]);
  if (failed) {
    return <PageError title={failed.title} text={failed.text} />;
  }
  return opened ? <DashboardView {...opened} solo={solo} /> : <LoadingPlaceholder text="Loading the dashboard…" style={{ padding: 32 }} />;
}
