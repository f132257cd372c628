import 'uplot/dist/uPlot.min.css';
import { initPluginTranslations } from '@grafana/i18n';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { interceptLinks } from './app/location';
import { fillRegistries } from './boot/registries';

declare global {
  interface Window {
    /** Where the component library looks for icons. */
    __grafana_public_path__: string;
  }
}

window.__grafana_public_path__ = '/public/';
fillRegistries();
interceptLinks();
void initPluginTranslations('lookout').then(() => {
  const root = document.getElementById('root');
  if (root) {
    createRoot(root).render(<App />);
  }
});
