import { type ComponentType, lazy, type ReactNode, Suspense, useEffect } from 'react';

// @ts-expect-error The package declares the types of the whole only.
const load = () => import('../../node_modules/@grafana/ui/dist/esm/components/DateTimePickers/TimeRangePicker/TimePickerContent.mjs');
const Content = lazy(async () => ({ default: (await load()).TimePickerContent as ComponentType<object> }));

/** The dialog moves the focus into itself when it opens, and its content is there a moment later. */
function Focused({ children }: { children: ReactNode }) {
  useEffect(() => document.getElementById('TimePickerContent')?.querySelector<HTMLElement>('input, button')?.focus(), []);
  return children;
}

/** What the time picker opens, calendar and zones: a third of the page's code, so fetched only then. */
export const TimePickerContent = (props: object) => (
  <Suspense fallback={null}>
    <Focused>
      <Content {...props} />
    </Focused>
  </Suspense>
);
