import { dateMath, dateTime, type DateTime, rangeUtil, type RawTimeRange, type TimeRange } from '@grafana/data';

/** A time of an address or a dashboard: `now-6h`, milliseconds since 1970, or ISO. */
function parse(text: string, roundUp: boolean, timeZone: string): DateTime | undefined {
  if (text.includes('now')) {
    return dateMath.toDateTime(text, { roundUp, timezone: timeZone }) ?? undefined;
  }
  const made = /^\d{9,}$/.test(text) ? dateTime(Number(text)) : dateTime(text);
  return made.isValid() ? made : undefined;
}

/** The range that two texts stand for now; the last six hours where they cannot be read. */
export function makeRange(from: string, to: string, timeZone: string): TimeRange {
  const start = parse(from, false, timeZone);
  const end = parse(to, true, timeZone);
  if (!start || !end || !start.isValid() || !end.isValid() || start.valueOf() >= end.valueOf()) {
    const raw = { from: 'now-6h', to: 'now' };
    return { ...rangeUtil.convertRawToRange(raw, timeZone), raw };
  }
  const raw: RawTimeRange = { from: from.includes('now') ? from : start, to: to.includes('now') ? to : end };
  return { from: start, to: end, raw };
}

/** A range as the address has it. */
export const rangeParams = (range: TimeRange): { from: string; to: string } => ({
  from: typeof range.raw.from === 'string' ? range.raw.from : String(range.from.valueOf()),
  to: typeof range.raw.to === 'string' ? range.raw.to : String(range.to.valueOf()),
});

/** Moves a range by half its length. */
export function shift(range: TimeRange, direction: -1 | 1): { from: string; to: string } {
  const half = ((range.to.valueOf() - range.from.valueOf()) / 2) * direction;
  return { from: String(Math.round(range.from.valueOf() + half)), to: String(Math.round(range.to.valueOf() + half)) };
}

/** Twice the range about the same middle. */
export function zoomOut(range: TimeRange): { from: string; to: string } {
  const span = Math.max(range.to.valueOf() - range.from.valueOf(), 30_000);
  const middle = (range.to.valueOf() + range.from.valueOf()) / 2;
  return { from: String(Math.round(middle - span)), to: String(Math.round(middle + span)) };
}

/** A panel's own range: `timeFrom` of the same end, and all moved back by `timeShift`. */
export function panelRange(range: TimeRange, timeFrom: string | null | undefined, timeShift: string | null | undefined, timeZone: string): { range: TimeRange; note?: string } {
  let made = range;
  const notes: string[] = [];
  if (timeFrom) {
    const raw = /now/.test(timeFrom) ? timeFrom : `now-${timeFrom}`;
    const [from = '', to = 'now'] = raw.split(' to ');
    made = makeRange(from, to, timeZone);
    notes.push(rangeUtil.describeTextRange(timeFrom)?.display ?? timeFrom);
  }
  if (timeShift) {
    const by = timeShift.replace(/^[+-]/, '');
    try {
      const ms = rangeUtil.intervalToMs(by);
      const from = dateTime(made.from.valueOf() - ms);
      const to = dateTime(made.to.valueOf() - ms);
      made = { from, to, raw: { from, to } };
      notes.push(`timeshift -${by}`);
    } catch {
      notes.push(`timeshift ${timeShift} is no duration`);
    }
  }
  return { range: made, note: notes.join(' ') || undefined };
}
