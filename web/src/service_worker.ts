/** Keeps the app on the device: its files when it is installed, large ones when they were used. */

interface Precache {
  version: string;
  /** needed to start */
  files: string[];
  /** the network */
  later: string[];
  /** what runs networks that are built in another way */
  seldom: string[];
}

// replaced by the list of built files (app_files.ts)
declare const __PRECACHE__: Precache;

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

interface Scope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(name: "install" | "activate", listen: (event: ExtendableEvent) => void): void;
  addEventListener(name: "fetch", listen: (event: FetchEvent) => void): void;
  addEventListener(name: "message", listen: (event: ExtendableEvent & MessageEvent) => void): void;
}

const scope = self as unknown as Scope;
const list = __PRECACHE__;
const PREFIX = "cellstorm-";
const NAME = `${PREFIX}${list.version}`;
const root = (): string => scope.registration.scope;
const known = (): Set<string> =>
  new Set([...list.files, ...list.later, ...list.seldom].map((file) => new URL(file, root()).href));

scope.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(NAME)
      // "reload": not from the browser's own cache, which may hold an older build
      .then((cache) =>
        cache.addAll(
          list.files.map((file) => new Request(new URL(file, root()), { cache: "reload" })),
        ),
      )
      .then(() => scope.skipWaiting()),
  );
});

scope.addEventListener("activate", (event) => {
  event.waitUntil(
    (async (): Promise<void> => {
      for (const name of await caches.keys()) {
        if (name.startsWith(PREFIX) && name !== NAME) await caches.delete(name);
      }
      await scope.clients.claim();
    })(),
  );
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const address = new URL(request.url);
  address.hash = "";
  address.search = "";
  // index.html and the folder are the same page
  const wanted = address.href.replace(/index\.html$/, "");
  if (!known().has(wanted)) return;
  event.respondWith(
    (async (): Promise<Response> => {
      const cache = await caches.open(NAME);
      const kept = await cache.match(wanted);
      if (kept !== undefined) return kept;
      const answer = await fetch(request);
      // Parts (206) and refusals are not the file.
      if (answer.status === 200) {
        event.waitUntil(cache.put(wanted, answer.clone()).catch(() => undefined));
      }
      return answer;
    })(),
  );
});

scope.addEventListener("message", (event) => {
  if ((event.data as { kind?: string }).kind !== "keep-all") return;
  const port = event.ports[0];
  event.waitUntil(
    (async (): Promise<void> => {
      try {
        const cache = await caches.open(NAME);
        for (const file of list.later) {
          const address = new URL(file, root()).href;
          if ((await cache.match(address)) === undefined) await cache.add(address);
        }
        port?.postMessage(null);
      } catch (error) {
        port?.postMessage(error instanceof Error ? error.message : String(error));
      }
    })(),
  );
});
