/** Says to tests and to the picture maker, in `document.body.dataset.ready`, whether everything in sight is drawn. */
let pending = 0;

export function markReady(ready: boolean): void {
  const mine = ++pending;
  if (!ready) {
    document.body.dataset.ready = 'false';
    return;
  }
  // Canvases are drawn in the frame after React has rendered: two frames later what is seen is what will be seen.
  const settle = () => {
    if (mine === pending) {
      document.body.dataset.ready = 'true';
    }
  };
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(settle, 50)));
}
