import { type DataFrame, dataFrameFromJSON } from '@grafana/data';
import { Alert, Drawer, LoadingPlaceholder } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { runQueries } from '../api/calls';
import { setParams, usePlace } from '../app/location';
import { traceQuery } from '../panels/parts/exemplarData';
import { isTraceFrame, traceOf } from '../panels/parts/spans';
import { Waterfall } from '../panels/parts/Waterfall';
import { useDashboard } from './context';

interface Loaded {
  frame?: DataFrame;
  error?: string;
}

/** The trace that the address names (`?traceSource=<uid>&traceId=<id>`), beside the dashboard. */
export default function TraceDrawer() {
  const { params } = usePlace();
  const { sources, range, timeZone, scope } = useDashboard();
  const [loaded, setLoaded] = useState<Loaded>({});
  const sourceUid = params.get('traceSource') ?? '';
  const traceId = params.get('traceId') ?? '';
  useEffect(() => {
    if (!traceId) {
      return;
    }
    const stop = new AbortController();
    setLoaded({});
    const load = async (): Promise<Loaded> => {
      const source = sources.find({ uid: sourceUid }, scope);
      const query = { refId: 'A', datasource: { type: source.type, uid: source.uid }, ...traceQuery(source, traceId) };
      const answer = await runQueries({ from: String(range.from.valueOf()), to: String(range.to.valueOf()), queries: [query] }, stop.signal);
      const result = answer.results?.A;
      if (!result || result.error) {
        throw new Error(result?.error ?? answer.message ?? 'The data source gave no answer.');
      }
      const frame = (result.frames ?? []).map(dataFrameFromJSON).find((each) => isTraceFrame(each) && each.length > 0);
      return frame ? { frame } : { error: `${source.name} has no trace ${traceId}. It may not have arrived yet, or be older than traces are kept.` };
    };
    load()
      .catch((error: unknown): Loaded => ({ error: error instanceof Error ? error.message : String(error) }))
      .then((made) => !stop.signal.aborted && setLoaded(made));
    return () => stop.abort();
  }, [sourceUid, traceId, sources]);
  if (!traceId) {
    return null;
  }
  return (
    <Drawer title="Trace" size="lg" onClose={() => setParams({ traceId: undefined, traceSource: undefined })}>
      {loaded.error ? (
        <Alert title="The trace cannot be shown" severity="warning">
          {loaded.error}
        </Alert>
      ) : loaded.frame ? (
        <Waterfall trace={traceOf(loaded.frame)} timeZone={timeZone} />
      ) : (
        <LoadingPlaceholder text="Loading the trace…" />
      )}
    </Drawer>
  );
}
