// What the company wrote into the script element, and what contactd says about the site.

export type Config = {
  server: string; // origin of contactd's customer listener: where this script came from
  queue: string;
  site: string;
  phone: string;
  language: string;
  headless: boolean;
};

// The element is only known while the script runs for the first time.
const script = document.currentScript as HTMLScriptElement | null;

export function readConfig(): Config | null {
  if (!script) return null;
  const d = script.dataset;
  return {
    server: new URL(script.src).origin,
    queue: d.queue ?? "",
    site: d.site ?? "",
    phone: d.phone ?? "",
    language: (d.language || document.documentElement.lang || navigator.language).slice(0, 2).toLowerCase(),
    headless: d.headless !== undefined,
  };
}
