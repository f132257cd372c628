import { compareArrayValues, compareDataFrameStructures, type DataFrame } from '@grafana/data';
import { useRef } from 'react';

/** A number that changes when frames differ in more than their values, so that a plot is set up anew only then. */
export function useStructureRev(frames: DataFrame[]): number {
  const before = useRef<DataFrame[]>(frames);
  const revision = useRef(1);
  if (before.current !== frames) {
    if (!compareArrayValues(frames, before.current, compareDataFrameStructures)) {
      revision.current++;
    }
    before.current = frames;
  }
  return revision.current;
}
