import { useMemo } from 'react';
import { NoData } from './parts/NoData';
import { isTraceFrame, traceOf } from './parts/spans';
import { Waterfall } from './parts/Waterfall';
import type { PanelProps } from './types';

/** One trace as a waterfall; of several, the first. */
export default function TracesPanel({ frames, timeZone }: PanelProps) {
  const trace = useMemo(() => {
    const frame = frames.find((each) => isTraceFrame(each) && each.length > 0);
    return frame ? traceOf(frame) : undefined;
  }, [frames]);
  return trace ? <Waterfall trace={trace} timeZone={timeZone} /> : <NoData frames={frames} text="No trace" />;
}
