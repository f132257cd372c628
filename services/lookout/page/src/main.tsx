import 'uplot/dist/uPlot.min.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { interceptLinks } from './app/location';
import { fillRegistries } from './boot/registries';
import { openEarly } from './dashboard/open';

declare global {
  interface Window {
    /** Where the component library looks for icons. */
    __grafana_public_path__: string;
  }
}

window.__grafana_public_path__ = '/public/';
fillRegistries();
interceptLinks();
const uid = /^\/(?:d|d-solo)\/([^/]+)/.exec(window.location.pathname)?.[1];
if (uid) {
  openEarly(decodeURIComponent(uid));
}
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(<App />);
}
