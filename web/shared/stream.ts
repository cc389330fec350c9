// Server-sent events read through fetch, because EventSource can carry no header and a token never goes into a URL.

export type StreamOptions = {
  url: string;
  headers: () => Record<string, string>;
  credentials?: RequestCredentials;
  event: (name: string, data: string) => void;
  // up tells whether the stream is connected; the first event after a connection is a whole state.
  up?: (connected: boolean) => void;
  // refused is asked on a 4xx answer; the stream ends when it returns false.
  refused?: (status: number) => boolean;
};

// A stream is silent for at most this long: the server sends a comment every 15 s. More is a dead connection.
const silence = 40_000;

// follow reads the stream until the returned function is called, and connects again with a growing, jittered pause.
export function follow(o: StreamOptions): () => void {
  let stopped = false;
  let abort = new AbortController();
  let wake = () => {};
  const online = () => wake();
  addEventListener("online", online);

  const once = async (): Promise<boolean> => {
    abort = new AbortController();
    let watch = setTimeout(() => abort.abort(), silence);
    try {
      const answer = await fetch(o.url, {
        headers: { Accept: "text/event-stream", ...o.headers() },
        credentials: o.credentials ?? "omit",
        cache: "no-store",
        signal: abort.signal,
      });
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
        if (o.refused?.(answer.status) === false) stopped = true;
        return false;
      }
      if (!answer.ok || !answer.body) return false;
      o.up?.(true);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return true;
        clearTimeout(watch);
        watch = setTimeout(() => abort.abort(), silence);
        text += value.replace(/\r/g, "");
        let end: number;
        while ((end = text.indexOf("\n\n")) >= 0) {
          block(text.slice(0, end), o.event);
          text = text.slice(end + 2);
        }
      }
    } catch {
      return false; // The network's errors say nothing that `up` does not.
    } finally {
      clearTimeout(watch);
    }
  };

  void (async () => {
    let pause = 500;
    while (!stopped) {
      const began = Date.now();
      await once();
      if (stopped) break;
      o.up?.(false);
      pause = Date.now() - began > 10_000 ? 500 : Math.min(pause * 2, 15_000);
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, pause * (0.5 + Math.random() / 2));
      });
    }
  })();

  return () => {
    stopped = true;
    removeEventListener("online", online);
    abort.abort();
    wake();
  };
}

function block(text: string, event: StreamOptions["event"]) {
  let name = "message";
  const data: string[] = [];
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 1) continue;
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (line.startsWith("event:")) name = value;
    else if (line.startsWith("data:")) data.push(value);
  }
  if (data.length) event(name, data.join("\n"));
}
