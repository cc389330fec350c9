// Who the agent is, what state he is in since when, and what he can change about it.
import { useEffect, useRef, useState } from "preact/hooks";
import { since, useTick } from "./clock";
import type { Language, Messages } from "./messages";
import type { Agent, Desk } from "./types";

export type TopbarProps = {
  m: Messages;
  desk: Desk;
  language: Language;
  act: (path: string, body?: unknown) => void;
  setLanguage: (language: Language) => void;
  signOut: () => void;
  showKeys: () => void;
};

export function Topbar({ m, desk, language, act, setLanguage, signOut, showKeys }: TopbarProps) {
  const agent = desk.agent;
  return (
    <header class="topbar">
      <span class="brand">
        <span class="mark" aria-hidden="true" />
        contactd
      </span>
      <State m={m} agent={agent} />
      <Ready m={m} agent={agent} reasons={desk.reasons ?? []} act={act} />
      <span class="gap" />
      <span class="who">{agent.name}</span>
      <label class="hidden" for="language">
        {m.language}
      </label>
      <select id="language" value={language} onChange={(e) => setLanguage(e.currentTarget.value as Language)}>
        <option value="en">English</option>
        <option value="de">Deutsch</option>
      </select>
      <button type="button" class="quiet" onClick={showKeys} aria-label={m.shortcuts} title={m.shortcuts}>
        ?
      </button>
      <button type="button" class="quiet" id="sign-out" onClick={signOut}>
        {m.signOut}
      </button>
    </header>
  );
}

function State({ m, agent }: { m: Messages; agent: Agent }) {
  useTick();
  const reason = agent.state === "not_ready" && agent.reason ? ` · ${m.reasons[agent.reason] ?? agent.reason}` : "";
  return (
    <span class="state" data-state={agent.state}>
      <span class="dot" aria-hidden="true" />
      <span role="status" id="agent-state">
        {(m.states[agent.state] ?? agent.state) + reason}
      </span>
      <span class="clock">{since(agent.since)}</span>
    </span>
  );
}

type ReadyProps = { m: Messages; agent: Agent; reasons: string[]; act: TopbarProps["act"] };

function Ready({ m, agent, reasons, act }: ReadyProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (!open) return;
    const away = (e: Event) => box.current?.contains(e.target as Node) || setOpen(false);
    addEventListener("pointerdown", away);
    return () => removeEventListener("pointerdown", away);
  }, [open]);

  const busy = agent.state === "talking" || agent.state === "wrap_up" || agent.state === "offered";
  const ready = agent.state === "ready" || (busy && agent.after !== "not_ready");
  return (
    <span class="ready" ref={box} onKeyDown={(e) => e.key === "Escape" && setOpen(false)}>
      {!ready && (
        <button type="button" id="go-ready" class="main" onClick={() => act("ready")}>
          {m.goReady}
        </button>
      )}
      {ready && (
        <button type="button" id="go-not-ready" aria-expanded={open} aria-controls="reasons" onClick={() => setOpen(!open)}>
          {m.notReady} …
        </button>
      )}
      {busy && agent.after && (
        <span class="after">
          {agent.after === "ready" ? m.afterReady : `${m.afterNotReady}${agent.after_reason ? ` · ${m.reasons[agent.after_reason] ?? agent.after_reason}` : ""}`}
        </span>
      )}
      {open && ready && (
        <span id="reasons" class="menu" role="group" aria-label={m.notReadyReason}>
          {(reasons.length ? reasons : [""]).map((reason) => (
            <button
              type="button"
              key={reason}
              data-reason={reason}
              onClick={() => {
                setOpen(false);
                act("not-ready", { reason });
              }}
            >
              {m.reasons[reason] ?? (reason || m.notReady)}
            </button>
          ))}
        </span>
      )}
    </span>
  );
}
