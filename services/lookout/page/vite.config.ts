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
  [/\/themes\/registry\.mjs$/, 'themes.ts'],
  [/\/e2e-selectors\/dist\/esm\/resolver\.mjs$/, 'selectors.ts'],
  [/\/TimeRangePicker\/TimePickerContent\.mjs$/, 'TimePickerContent.tsx'],
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

/**
 * Icons are fetched one by one, by name, from where Grafana keeps them: public/build/img/icons. The component library's package lacks
 * some that its components ask for; those are in icons/, drawn for this page.
 */
function iconFiles(): Plugin {
  const folders = [path.join(modules, '@grafana/ui/dist/public/img/icons'), path.join(here, 'icons')];
  return {
    name: 'icon-files',
    configureServer(vite) {
      vite.middlewares.use('/public/build/img/icons', (request, response, next) => {
        const name = path.normalize((request.url ?? '').split('?')[0] ?? '');
        const file = folders.map((folder) => path.join(folder, name)).find((one) => existsSync(one));
        if (file && !name.includes('..')) {
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
        for (const from of folders.map((folder) => path.join(folder, kind)).filter((one) => existsSync(one))) {
          for (const name of readdirSync(from)) {
            copyFileSync(path.join(from, name), path.join(to, name));
          }
        }
      }
    },
  };
}

/** The font is fetched beside the code that asks for it, not after it. */
function preloadFont(): Plugin {
  return {
    name: 'preload-font',
    enforce: 'post',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        const fonts = Object.keys(bundle ?? {}).filter((name) => /inter-latin-.*\.woff2$/.test(name));
        const attrs = { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: true };
        return fonts.map((name) => ({ tag: 'link', attrs: { ...attrs, href: `/${name}` }, injectTo: 'head' as const }));
      },
    },
  };
}

export default defineConfig({
  plugins: [replaceUnused(), react(), iconFiles(), preloadFont()],
  base: '/',
  resolve: {
    dedupe: ['react', 'react-dom', 'rxjs', 'uplot'],
    alias: [
      { find: /^@grafana\/i18n$/, replacement: path.join(here, 'src/stubs/i18n.tsx') },
      { find: /^react-dom\/server$/, replacement: path.join(here, 'src/stubs/server.ts') },
      { find: /^zod$/, replacement: path.join(here, 'src/stubs/zod.ts') },
      // Zones as they were since 1970, a fifth of those since 1900.
      { find: /^moment-timezone$/, replacement: 'moment-timezone/builds/moment-timezone-with-data-1970-2030.min.js' },
    ],
  },
  optimizeDeps: { exclude: ['@grafana/ui'], include: ['@grafana/ui > react-table'] },
  build: {
    outDir: 'dist',
    chunkSizeWarningLimit: 2500,
    sourcemap: false,
    target: 'es2022',
    // What several parts share is one file: a browser asks a server for six at a time.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'shared', minShareCount: 2 }] } } },
  },
  server: { proxy: { '/api': server, '/render': server } },
  test: {
    environment: 'jsdom',
    // The component library takes most of a run to load: once for all files.
    isolate: false,
    fileParallelism: false,
    include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'],
    setupFiles: ['tests/setup.ts'],
    server: { deps: { inline: [/@grafana/] } },
  },
} as Parameters<typeof defineConfig>[0] & { test: unknown });
