// The panel that the customer sees. It shows a Model and calls Actions; it knows no network.
import type { Availability, ContactKind, ContactState } from "./api";
import { h, shadow } from "./element";
import type { Messages } from "./messages";
import css from "./panel.css";

export type Model = {
  reachable: boolean;
  availability: Availability | null;
  state: ContactState | null;
  // open is the panel's own state, kept over page loads.
  open: boolean;
  up: boolean;
  consent: boolean;
  phone: string;
};

export type Actions = {
  request(kind: ContactKind, number: string, consent: boolean): Promise<void>;
  changeNumber(number: string): Promise<void>;
  cancel(): Promise<void>;
  setConsent(consent: boolean): Promise<void>;
  forget(): void;
  setOpen(open: boolean): void;
};

export type Panel = { show(model: Model): void };

export function makePanel(m: Messages, actions: Actions, explain: (problem: unknown) => string): Panel {
  const { root } = shadow("panel", css);
  const launch = h("button", { class: "launch", type: "button", "aria-expanded": "false", onclick: () => toggle(true) }, m.launch);
  const body = h("div", { class: "body" });
  const section = h(
    "section",
    { "aria-label": m.title, hidden: true, onkeydown: (e: KeyboardEvent) => e.key === "Escape" && toggle(false) },
    h("header", {}, h("h2", {}, m.title), h("button", { class: "close", type: "button", "aria-label": m.close, onclick: () => toggle(false) }, "×")),
    body,
  );
  root.append(launch, section);

  const toggle = (open: boolean) => {
    actions.setOpen(open);
    (open ? section.querySelector<HTMLElement>("input, .main, .close") : launch)?.focus();
  };

  const ask = askScreen(m, actions, explain);
  const live = liveScreen(m, actions, explain);
  let shown: Node | null = null;

  return {
    show(model) {
      launch.hidden = model.open;
      const label = model.state ? words(m, model.state)[0] : m.launch;
      if (launch.textContent !== label) launch.textContent = label;
      section.hidden = !model.open;
      const screen = model.state ? live : ask;
      if (shown !== screen.node) body.replaceChildren((shown = screen.node));
      screen.update(model);
    },
  };
}

type Screen = { node: HTMLElement; update(model: Model): void };

// guarded runs an action with its button disabled, and shows what went wrong below.
function guarded(button: HTMLButtonElement, bad: HTMLElement, explain: (p: unknown) => string, run: () => Promise<void>) {
  return async (event?: Event) => {
    event?.preventDefault();
    button.disabled = true;
    bad.textContent = "";
    try {
      await run();
    } catch (problem) {
      bad.textContent = explain(problem);
    } finally {
      button.disabled = false;
    }
  };
}

function numberField(m: Messages) {
  const number = h("input", { type: "tel", id: "number", name: "number", autocomplete: "tel", "aria-describedby": "help bad", required: true });
  number.addEventListener("input", () => number.removeAttribute("aria-invalid"));
  return { number, label: h("label", { class: "field", for: "number" }, m.number) };
}

const telephone = (number: string) => h("a", { href: `tel:${number.replace(/[^+\d]/g, "")}` }, number);

function askScreen(m: Messages, actions: Actions, explain: (p: unknown) => string): Screen {
  const { number, label } = numberField(m);
  const dot = h("span", { class: "dot" });
  const lead = h("span", {});
  const wait = h("p", { class: "faint" });
  const bad = h("p", { class: "bad", role: "alert", id: "bad" });
  const radio = (value: string, text: string) => h("label", {}, h("input", { type: "radio", name: "consent", value }), text);
  const consent = h(
    "fieldset",
    { "aria-describedby": "consent-help" },
    h("legend", {}, m.consentAsk),
    radio("yes", m.consentYes),
    radio("no", m.consentNo),
    h("p", { class: "faint", id: "consent-help" }, m.consentHelp),
  );
  const button = h("button", { class: "main", type: "submit" });
  const form = h("form", { novalidate: true }, label, number, h("p", { class: "faint", id: "help" }, m.numberHelp), consent, bad, button);
  const call = h("p", { class: "faint call" });
  let kind: ContactKind = "callback_turn";

  form.addEventListener(
    "submit",
    guarded(button, bad, explain, async () => {
      if (!number.value.trim()) {
        number.setAttribute("aria-invalid", "true");
        number.focus();
        bad.textContent = m.required;
        return;
      }
      const choice = form.querySelector<HTMLInputElement>("[name=consent]:checked");
      if (!choice) {
        consent.querySelector("input")!.focus();
        bad.textContent = m.consentRequired;
        return;
      }
      await actions.request(kind, number.value, choice.value === "yes");
    }),
  );

  return {
    node: h("div", {}, h("p", { class: "lead", role: "status" }, dot, lead), wait, form, call),
    update({ reachable, availability: a, phone }) {
      const free = !!a && a.free > 0 && a.waiting < a.free;
      dot.hidden = !reachable;
      dot.classList.toggle("on", free);
      lead.textContent = !reachable ? m.unreachable : !a ? "…" : free ? m.free : m.busy;
      wait.textContent = !a || free ? "" : `${m.place(a.waiting + 1)} ${waitText(m, a.estimate)}`;
      wait.hidden = !reachable || !wait.textContent;
      form.hidden = !reachable;
      kind = free ? "callback_now" : "callback_turn";
      button.textContent = free ? m.callNow : m.callTurn;
      if (phone && call.dataset.phone !== phone) {
        call.dataset.phone = phone;
        call.replaceChildren(m.orCall + " ", telephone(phone));
      }
    },
  };
}

function liveScreen(m: Messages, actions: Actions, explain: (p: unknown) => string): Screen {
  const lead = h("p", { class: "lead", role: "status" });
  const more = h("p", {});
  const hint = h("p", { class: "faint" });
  const lost = h("p", { class: "bad", role: "status" }, m.reconnecting);
  const bad = h("p", { class: "bad", role: "alert", id: "bad" });

  const { number, label } = numberField(m);
  const save = h("button", { class: "main", type: "submit" }, m.save);
  const edit = h("form", { novalidate: true, hidden: true }, label, number, h("div", { class: "row" }, save, h("button", { type: "button", onclick: () => editing(false) }, m.back)));
  const change = h("button", { class: "change", type: "button", onclick: () => editing(true) }, m.change);
  const cancel = h("button", { class: "cancel", type: "button" }, m.cancel);
  const row = h("div", { class: "row" }, change, cancel);
  const again = h("button", { class: "main", type: "button", onclick: () => actions.forget() }, m.again);

  const sharing = h("p", { class: "faint", role: "status" });
  const share = h("button", { type: "button" });
  const shareBox = h("div", { class: "share" }, sharing, share);
  let consent = false;

  const editing = (on: boolean) => {
    edit.hidden = !on;
    row.hidden = on;
    if (on) number.focus();
    else change.focus();
  };
  edit.addEventListener(
    "submit",
    guarded(save, bad, explain, async () => {
      await actions.changeNumber(number.value);
      editing(false);
    }),
  );
  cancel.addEventListener("click", guarded(cancel, bad, explain, () => actions.cancel()));
  share.addEventListener("click", guarded(share, bad, explain, () => actions.setConsent(!consent)));

  return {
    node: h("div", {}, lead, more, hint, lost, edit, bad, row, again, shareBox),
    update(model) {
      const s = model.state!;
      const queued = s.state === "waiting" || s.state === "paused";
      const over = s.state === "ended" || s.state === "wrapping_up";
      const [first, second] = words(m, s);
      // Texts are only touched when they change, so that a screen reader says them once.
      set(lead, first);
      set(more, second);
      set(hint, s.number_hint && !over && s.state !== "connected" ? m.willCall(s.number_hint.replace("…", "")) : "");
      lost.hidden = model.up || over;
      if (!queued) edit.hidden = true;
      row.hidden = over || s.state === "connected" || !edit.hidden;
      change.hidden = !queued;
      again.hidden = !over;
      consent = model.consent;
      shareBox.hidden = over;
      set(sharing, consent ? m.sharing : m.notSharing);
      set(share, consent ? m.stopSharing : m.startSharing);
    },
  };
}

function set(element: HTMLElement, text: string) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}

function words(m: Messages, s: ContactState): [string, string] {
  switch (s.state) {
    case "waiting":
      return [s.place ? m.yourPlace(s.place) : m.waiting, `${s.place ? waitText(m, s.estimate) : ""} ${m.waiting}`.trim()];
    case "paused": {
      const next = new Date(s.next_attempt);
      const time = next.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      return [m.paused, isNaN(+next) ? "" : m.nextAttempt(time)];
    }
    case "offered":
      return [m.offered, ""];
    case "calling":
      return [m.calling, ""];
    case "connected":
      return [m.connected(s.agent_name), ""];
    default:
      return [m.ended, m.endings[s.termination] ?? ""];
  }
}

function waitText(m: Messages, e: ContactState["estimate"] | undefined): string {
  if (!e?.known) return m.waitUnknown;
  const high = Math.ceil(e.high_s / 60);
  return e.high_s < 60 ? m.waitShort : m.wait(Math.max(1, Math.floor(e.low_s / 60)), high);
}
