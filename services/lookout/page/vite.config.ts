import { copyFileSync, createReadStream, existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const here = path.dirname(fileURLToPath(import.meta.url));
const modules = path.join(here, 'node_modules');
/** The server that answers Grafana's HTTP API while the page is developed. */
const server = process.env.LOOKOUT_URL ?? 'http://127.0.0.1:23000';

/** Modules of the component library that this page never shows, by the end of their path, and what stands in for them. */
const stubs: Array<[RegExp, string]> = [
  [/\/Monaco\/(CodeEditor|ReactMonacoEditorLazy|ReactMonacoEditor|CodeEditorLazy)\.mjs$/, 'editor.tsx'],
  [/\/CodeMirror\/(CodeEditor|CodeEditorLazy|CodeMirrorEditor)\.mjs$/, 'editor.tsx'],
  [/\/QueryField\/QueryField\.mjs$/, 'editor.tsx'],
  [/\/GlobalStyles\/fonts\.mjs$/, 'fonts.ts'],
];

function replaceUnused(): Plugin {
  return {
    name: 'replace-unused',
    enforce: 'pre',
    async resolveId(source, importer, options) {
      if (!importer || !source.startsWith('.') || !importer.includes('@grafana')) {
        return null;
      }
      const resolved = await this.resolve(source, importer, { ...options, skipSelf: true });
      const hit = resolved && stubs.find(([pattern]) => pattern.test(resolved.id));
      return hit ? path.join(here, 'src/stubs', hit[1]) : null;
    },
  };
}

/** Icons are fetched one by one, by name, from where Grafana keeps them: public/build/img/icons. */
function iconFiles(): Plugin {
  const from = path.join(modules, '@grafana/ui/dist/public/img/icons');
  return {
    name: 'icon-files',
    configureServer(vite) {
      vite.middlewares.use('/public/build/img/icons', (request, response, next) => {
        const file = path.join(from, path.normalize((request.url ?? '').split('?')[0] ?? ''));
        if (file.startsWith(from) && existsSync(file)) {
          response.setHeader('Content-Type', 'image/svg+xml');
          createReadStream(file).pipe(response);
        } else {
          next();
        }
      });
    },
    writeBundle(options) {
      for (const kind of ['unicons', 'custom', 'mono', 'solid']) {
        const to = path.join(options.dir ?? 'dist', 'public/build/img/icons', kind);
        mkdirSync(to, { recursive: true });
        for (const name of readdirSync(path.join(from, kind))) {
          copyFileSync(path.join(from, kind, name), path.join(to, name));
        }
      }
    },
  };
}

export default defineConfig({
  plugins: [replaceUnused(), react(), iconFiles()],
  base: '/',
  resolve: { dedupe: ['react', 'react-dom', 'rxjs', 'uplot'] },
  optimizeDeps: { exclude: ['@grafana/ui'], include: ['@grafana/ui > react-table'] },
  build: { outDir: 'dist', chunkSizeWarningLimit: 2500, sourcemap: false, target: 'es2022' },
  server: { proxy: { '/api': server, '/render': server } },
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'],
    setupFiles: ['tests/setup.ts'],
    server: { deps: { inline: [/@grafana/] } },
  },
} as Parameters<typeof defineConfig>[0] & { test: unknown });
