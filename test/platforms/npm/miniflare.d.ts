/** The part that is used: its own types are there only once the command has installed it. */
declare module "miniflare" {
  export class Miniflare {
    constructor(options: {
      modules: {
        type: "ESModule" | "CompiledWasm";
        path: string;
        contents: string | Uint8Array<ArrayBuffer>;
      }[];
      compatibilityDate: string;
    });
    dispatchFetch(url: string): Promise<Response>;
    dispose(): Promise<void>;
  }
}
