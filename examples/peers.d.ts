/** What the projects that serve a model use of others' packages, which are installed beside them and not here. */

declare module "*.safetensors" {
  const file: ArrayBuffer;
  export default file;
}

declare module "fast-png" {
  export interface DecodedPng {
    readonly data: Uint8Array | Uint8ClampedArray | Uint16Array;
    readonly channels: number;
    readonly depth: number;
    /** Colours of three, or with alpha four, numbers up to 255. */
    readonly palette?: readonly (readonly number[])[];
  }
  export function decode(png: Uint8Array, options?: { readonly checkCrc?: boolean }): DecodedPng;
}

declare module "fastify" {
  type Done = (error?: Error | null, body?: unknown) => void;
  interface Log {
    info(fields: object, message?: string): void;
    warn(fields: object, message?: string): void;
    error(fields: unknown, message?: string): void;
  }
  interface Request {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly body: unknown;
    readonly log: Log;
  }
  interface Reply {
    readonly statusCode: number;
    readonly elapsedTime: number;
    code(status: number): Reply;
    header(name: string, value: string): Reply;
    headers(values: Readonly<Record<string, string>>): Reply;
    serializer(serialize: (value: unknown) => string): Reply;
    send(body: unknown): Reply;
  }
  type Handler = (request: Request, reply: Reply) => unknown;
  interface App {
    readonly log: Log;
    removeAllContentTypeParsers(): void;
    addContentTypeParser(
      type: string,
      options: { parseAs: "buffer" },
      parse: (request: Request, body: Buffer, done: Done) => void,
    ): void;
    addHook(name: "onResponse", hook: (request: Request, reply: Reply, done: Done) => void): void;
    addHook(name: "onSend", hook: (request: Request, reply: Reply, body: unknown, done: Done) => void): void;
    get(path: string, handler: Handler): void;
    post(
      path: string,
      route: { onRequest(request: Request, reply: Reply, done: Done): void; handler: Handler },
    ): void;
    setNotFoundHandler(handler: Handler): void;
    setErrorHandler(handler: (error: unknown, request: Request, reply: Reply) => unknown): void;
    listen(options: { host: string; port: number }): Promise<string>;
    close(): Promise<void>;
  }
  export const LogController: new (options: { disableRequestLogging: boolean }) => object;
  export default function fastify(options: object): App;
}

/** As far as examples/deno needs it; Deno brings its own. */
declare const Deno: {
  readonly env: { get(name: string): string | undefined };
  readFileSync(path: URL): Uint8Array<ArrayBuffer>;
  addSignalListener(signal: "SIGTERM" | "SIGINT", listener: () => void): void;
  serve(
    options: {
      hostname: string;
      port: number;
      onListen(at: { hostname: string; port: number }): void;
    },
    handler: (request: Request) => Promise<Response>,
  ): { readonly finished: Promise<void>; shutdown(): Promise<void> };
};
