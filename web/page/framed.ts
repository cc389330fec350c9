// The page inside the desk's frame or companion window. It opens no socket and asks for no contact: it takes a channel
// from one of the configured desk origins, and from nobody else, and does what the desk says.
import { Api } from "./api";
import type { Config } from "./config";
import { Mirror } from "./mirror";
import { channel, companion, hello, type FromFrame, type ToFrame } from "../shared/channel";
import { shareable } from "../shared/address";

// holder is the window that holds this page, when it may be the desk.
export function holder(): Window | null {
  if (parent !== window) return parent;
  return window.name.startsWith(companion) ? (window.opener as Window | null) : null;
}

// startFramed returns false when the holder is not the desk, and the page is a customer's after all.
export async function startFramed(config: Config, desk: Window): Promise<boolean> {
  let origins: string[];
  try {
    origins = (await new Api(config).site()).desk_origins;
  } catch {
    return false;
  }
  const port = await meet(desk, origins);
  if (!port) return false;
  const tell = (message: FromFrame) => port.postMessage(message);
  const mirror = new Mirror({
    scroll: (at) => tell({ kind: "scroll", at }),
    pointer: (at) => tell({ kind: "pointer", at }),
    form: (field) => tell({ kind: "form", ...field }),
  });
  mirror.act = false;
  port.onmessage = (event) => {
    const message = event.data as ToFrame;
    if (message.kind === "scroll") mirror.showScroll(message.at);
    else if (message.kind === "pointer") mirror.showPointer(message.at, message.name);
    else if (message.kind === "form") mirror.showField(message);
    else if (message.kind === "mode") {
      mirror.follow = message.follow;
      mirror.act = message.act;
    }
  };
  // The agent's links take both of them along; the agent's forms are the customer's to send.
  addEventListener(
    "click",
    (e) => {
      const link = (e.composedPath()[0] as Element).closest?.<HTMLAnchorElement>("a[href]");
      if (!link || e.button) return;
      const own = link.href.split("#");
      if (own[1] !== undefined && own[0] === location.href.split("#")[0]) return;
      e.preventDefault();
      const url = shareable(link.href);
      if (url && mirror.act) tell({ kind: "navigate", url });
    },
    true,
  );
  addEventListener("submit", (e) => e.preventDefault(), true);
  tell({ kind: "here", url: location.href, title: document.title });
  return true;
}

// meet waits for the desk's answer to hello. The holder's origin cannot always be read, so that each desk origin is
// greeted: the browser delivers to the right one only.
function meet(desk: Window, origins: string[]): Promise<MessagePort | null> {
  return new Promise((resolve) => {
    const abort = new AbortController();
    const done = (port: MessagePort | null) => {
      abort.abort();
      resolve(port);
    };
    addEventListener(
      "message",
      (event) => {
        const port = event.ports[0];
        if (event.source === desk && origins.includes(event.origin) && event.data === channel && port) done(port);
      },
      { signal: abort.signal },
    );
    for (const origin of origins) desk.postMessage(hello, origin);
    setTimeout(done, 3000, null);
  });
}
