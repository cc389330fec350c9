// What the page inside the desk's frame (or companion window) and the desk say to each other.
//
// The page says `hello` to the window that holds it, addressed to the configured desk origins only; the desk answers with
// `channel` and a MessagePort, addressed to the origin that said hello. All else goes over the port.

export const hello = "contactd-hello";
export const channel = "contactd-channel";
// A companion window is recognised by its name, which survives its navigations.
export const companion = "contactd-companion";

export type Spot = { x: number; y: number };

// Scroll and pointer positions are in CSS pixels of the document, with the document's and window's size, so that a
// receiver of another size can scale them.
export type Place = Spot & { w: number; h: number };

export type Field = { field: string; value: string };

// From the page in the frame.
export type FromFrame =
  | { kind: "here"; url: string; title: string }
  | { kind: "scroll"; at: Place }
  | { kind: "pointer"; at: Place }
  | ({ kind: "form" } & Field)
  | { kind: "navigate"; url: string };

// To the page in the frame.
export type ToFrame =
  | { kind: "scroll"; at: Place }
  | { kind: "pointer"; at: Place | null; name: string }
  | ({ kind: "form" } & Field)
  | { kind: "mode"; follow: boolean; act: boolean };
