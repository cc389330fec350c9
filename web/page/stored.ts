// What a tab remembers between the pages that it loads. sessionStorage belongs to one tab, and is copied when the tab is
// duplicated: the copy must not take the first tab's place, so that each tab holds a lock named after its client id.

export type Stored = {
  contact: string;
  token: string;
  consent: boolean;
  client: string;
  // The room client's own memory: see room.ts.
  room?: unknown;
  open: boolean;
};

const key = "contactd";

export function load(): Stored | null {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    return null; // Storage may be forbidden; the contact then lasts as long as the page.
  }
}

export function save(stored: Stored | null) {
  try {
    if (stored) sessionStorage.setItem(key, JSON.stringify(stored));
    else sessionStorage.removeItem(key);
  } catch {
    // As above.
  }
}

export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

// isFirst tells whether this tab alone uses the client id. The page that was left just now may hold its lock a moment
// longer, so that the answer waits for it.
export function isFirst(client: string): Promise<boolean> {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks
      .request(`contactd-${client}`, { signal: AbortSignal.timeout(2000) }, () => {
        resolve(true);
        return new Promise<void>(() => {}); // Held until the page goes.
      })
      .catch(() => resolve(false));
  });
}
