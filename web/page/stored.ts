// What a tab remembers between the pages that it loads. sessionStorage belongs to one tab, and is copied when the tab is
// duplicated: the server notices when the copy wants to resume a participant that is alive, and makes it one more.
import type { Memory } from "../shared/room";

export type Stored = {
  contact: string;
  token: string;
  consent: boolean;
  open: boolean;
  room?: Memory;
  // The address that an agent's push is taking this tab to.
  pushed?: string;
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
