// Mirror is one copy of the page: it tells what its user does and shows what the other one does.
import type { Field, Place } from "../shared/channel";
import { shadow, h } from "./element";
import pointerCss from "./pointer.css";
import { fieldName, isShareable, isTick, shareableFields } from "./privacy";

export type Told = {
  scroll(at: Place): void;
  pointer(at: Place): void;
  form(field: Field): void;
};

// Ephemeral positions are sent at most this often, in milliseconds.
const pace = 60;
// A pointer that has not moved for this long disappears.
const stale = 8000;

export class Mirror {
  // follow: scrolling goes both ways; act: the user's pointer and fields are told.
  follow = true;
  act = true;
  private abort = new AbortController();
  private drawn: { root: HTMLElement; tag: HTMLElement } | null = null;
  private fade = 0;
  // Where the other one's scrolling last put us: our own scroll event for it is no news.
  private put: { x: number; y: number } | null = null;

  constructor(private readonly told: Told) {
    const options = { signal: this.abort.signal, passive: true, capture: true };
    const scrolled = paced(() => {
      if (!this.follow) return;
      if (this.put && Math.abs(scrollX - this.put.x) < 2 && Math.abs(scrollY - this.put.y) < 2) return;
      this.put = null;
      told.scroll(this.scrolled());
    });
    addEventListener(
      "scroll",
      (e) => {
        this.draw();
        if (e.target === document) scrolled();
      },
      options,
    );
    let spot = { x: 0, y: 0 };
    const moved = paced(() => this.act && told.pointer({ ...spot, ...size() }));
    addEventListener(
      "pointermove",
      (e) => {
        spot = { x: e.pageX, y: e.pageY };
        moved();
      },
      options,
    );
    for (const name of ["input", "change"]) addEventListener(name, (e) => this.act && this.changed(e.composedPath()[0] ?? null), options);
    addEventListener("pagehide", this.flush, options);
  }

  scrolled(): Place {
    return { x: scrollX, y: scrollY, w: innerWidth, h: innerHeight };
  }

  // tellFields tells every shared field that is not empty, for one who has just come to this page.
  tellFields() {
    for (const input of shareableFields()) {
      const field = this.read(input);
      if (field?.value) this.told.form(field);
    }
  }

  showScroll(at: Place) {
    if (!this.follow) return;
    scrollTo({ left: at.x, top: at.y, behavior: "instant" });
    // The page may be shorter here, so that it is remembered where it really went.
    this.put = { x: scrollX, y: scrollY };
  }

  showPointer(at: Place | null, name: string) {
    clearTimeout(this.fade);
    if (!at) {
      this.drawn?.root.toggleAttribute("hidden", true);
      return;
    }
    if (!this.drawn) {
      const { host, root } = shadow("pointer", pointerCss);
      host.setAttribute("aria-hidden", "true");
      const tag = h("span", {});
      root.append(h("i", {}), tag);
      this.drawn = { root: host, tag };
    }
    const { root, tag } = this.drawn;
    root.hidden = false;
    if (tag.textContent !== name) tag.textContent = name;
    this.other = at;
    this.draw();
    this.fade = setTimeout(() => (root.hidden = true), stale);
  }

  private other: Place | null = null;

  // draw puts the other one's pointer where it is in the window, so that it never makes the document larger.
  private draw() {
    if (!this.drawn || !this.other) return;
    const { x, y, w, h: height } = this.other;
    const own = size();
    this.drawn.root.style.transform = `translate(${(x * own.w) / w - scrollX}px, ${(y * own.h) / height - scrollY}px)`;
  }

  showField({ field, value }: Field) {
    for (const input of shareableFields()) {
      if (fieldName(input) !== field || this.read(input)?.value === value) continue;
      if (isTick(input)) input.checked = value === "1";
      else input.value = value;
      // The page's own script may compute from it; `showing` keeps our listener from telling it back.
      this.showing = true;
      for (const name of ["input", "change"]) input.dispatchEvent(new Event(name, { bubbles: true }));
      this.showing = false;
    }
  }

  stop() {
    this.abort.abort();
    clearTimeout(this.fade);
    clearTimeout(this.typing);
    this.drawn?.root.remove();
    this.drawn = null;
  }

  private showing = false;

  private changed(target: EventTarget | null) {
    if (this.showing || !isShareable(target)) return;
    this.note(target);
    // A radio button that loses its mark fires nothing.
    if (target.type === "radio")
      for (const other of shareableFields()) {
        if (other !== target && other.name === target.name && other.form === target.form) this.note(other);
      }
  }

  // Typing is told a few times a second, not with each key.
  private typed = new Map<string, Field>();
  private typing = 0;

  private note(input: Parameters<typeof fieldName>[0]) {
    const field = this.read(input);
    if (!field) return;
    this.typed.set(field.field, field);
    this.typing ||= setTimeout(this.flush, 150);
  }

  private flush = () => {
    clearTimeout(this.typing);
    this.typing = 0;
    for (const field of this.typed.values()) this.told.form(field);
    this.typed.clear();
  };

  private read(input: Parameters<typeof fieldName>[0]): Field | null {
    const field = fieldName(input);
    return field ? { field, value: isTick(input) ? (input.checked ? "1" : "") : input.value } : null;
  }
}

function size() {
  const d = document.documentElement;
  return { w: d.scrollWidth, h: d.scrollHeight };
}

// paced runs at once, then at most once each pace, and always a last time.
function paced(run: () => void): () => void {
  let timer = 0;
  let again = false;
  const go = () => {
    run();
    timer = setTimeout(() => {
      timer = 0;
      if (again) {
        again = false;
        go();
      }
    }, pace);
  };
  return () => {
    if (timer) again = true;
    else go();
  };
}
