// The customer's page beside the call.
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Messages } from "./messages";
import { PageView } from "./view";

type Props = { m: Messages; contact: string; origins: string[]; preview: boolean; over: boolean };

export function Beside({ m, contact, origins, preview, over }: Props) {
  const [view, setView] = useState<PageView | null>(null);
  const [, draw] = useState(0);
  const known = origins.join(" ");
  useEffect(() => {
    const made = new PageView(contact, known ? known.split(" ") : [], m.customer, () => draw((n) => n + 1));
    setView(made);
    return () => made.close();
  }, [contact, known]);
  if (!view) return null;

  const s = view.state;
  const page = s.consent === "granted" && !!s.url && !s.outside;
  const notice =
    s.consent === "withdrawn" ? m.pageWithdrawn : s.consent === "unasked" || s.closed ? m.pageNone : s.outside ? m.pageLeft : m.pageWaits;
  return (
    <section class="beside" aria-label={m.page} data-consent={s.consent} data-role={s.role}>
      <Bar m={m} view={view} over={over} preview={preview} />
      {over && page && <p class="strip">{m.pageEnded}</p>}
      {s.refused && page && (
        <p class="strip" role="alert">
          {s.companion ? m.companionOpen : m.pageRefused}{" "}
          {!s.companion && (
            <button type="button" id="companion" onClick={() => view.openCompanion()}>
              {m.companion}
            </button>
          )}
        </p>
      )}
      {page ? <Frame m={m} view={view} /> : <p class="empty">{notice}</p>}
    </section>
  );
}

function Bar({ m, view, over, preview }: { m: Messages; view: PageView; over: boolean; preview: boolean }) {
  const s = view.state;
  const [bad, setBad] = useState("");
  const address = useRef<HTMLInputElement>(null);
  // The line shows where both are, unless the agent is typing.
  useEffect(() => {
    const input = address.current;
    if (input && document.activeElement !== input) input.value = s.consent === "granted" ? s.url : "";
  }, [s.url, s.consent]);
  const may = s.may.includes("push") && s.consent === "granted" && !over;
  const submit = (e: Event) => {
    e.preventDefault();
    const ok = view.push(address.current!.value);
    setBad(ok ? "" : m.notAllowed);
    if (ok) address.current!.blur();
  };
  return (
    <form class="address-bar" onSubmit={submit}>
      {preview && <span class="badge">{m.preview}</span>}
      <label class="hidden" for="address">
        {m.address_line}
      </label>
      <input id="address" ref={address} type="text" inputMode="url" autocomplete="off" spellcheck={false} disabled={!may} aria-describedby="address-bad" />
      <button id="push" class="main" disabled={!may}>
        {m.push}
      </button>
      <label class="tick">
        <input type="checkbox" id="follow" checked={s.follow} onChange={(e) => view.setFollow(e.currentTarget.checked)} />
        {m.follow}
      </label>
      <span class="presence" data-here={s.customerHere}>
        {!s.up && !s.closed ? m.roomLost : s.customerHere ? m.customerHere : m.customerAway}
      </span>
      <span class="bad" role="alert" id="address-bad">
        {bad}
      </span>
    </form>
  );
}

// Frame shows the page at the customer's own window size, scaled to the room there is, so that both see the same lines.
function Frame({ m, view }: { m: Messages; view: PageView }) {
  const box = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLIFrameElement | null>(null);
  const { w, h } = view.state.viewport;
  // The same function each time: a new one would take the frame away and give it back.
  const attach = useCallback(
    (element: HTMLIFrameElement | null) => {
      frame.current = element;
      view.attach(element);
    },
    [view],
  );

  useLayoutEffect(() => {
    const fit = () => {
      if (!box.current || !frame.current) return;
      const scale = Math.min(1, box.current.clientWidth / w, box.current.clientHeight / h);
      const style = frame.current.style;
      style.width = `${w}px`;
      style.height = `${h}px`;
      style.transform = `scale(${scale})`;
      style.left = `${Math.max(0, (box.current.clientWidth - w * scale) / 2)}px`;
    };
    fit();
    const watch = new ResizeObserver(fit);
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, [w, h]);

  return (
    <div class="frame" ref={box}>
      <iframe
        id="page"
        title={m.page}
        sandbox="allow-scripts allow-same-origin allow-forms"
        referrerpolicy="no-referrer"
        class={view.state.refused ? "refused" : ""}
        ref={attach}
      />
    </div>
  );
}
