// PageView is the agent's view of the customer's page: it holds the room's connection, and the frame or companion window
// that shows the page, and carries what happens from one to the other.
import { RoomLink, type Operation, type Person, type RoomEvent, type Snapshot } from "../shared/room";
import { call } from "./api";
import { shareable, within } from "../shared/address";
import { channel, companion, hello, type FromFrame, type Place, type ToFrame } from "../shared/channel";

export type Shown = {
  up: boolean;
  // consent is empty until the room has told.
  consent: "" | Snapshot["consent"];
  url: string;
  viewport: { w: number; h: number };
  customerHere: boolean;
  role: string;
  may: string[];
  // refused: no hello came from the frame, so that the page forbids framing.
  refused: boolean;
  companion: boolean;
  follow: boolean;
  outside: boolean;
  closed: boolean;
};

// A page that runs our script says hello within this long after it has loaded; one that forbids framing never does.
const patience = 3000;

type Holder = { window: Window; port: MessagePort | null };

export class PageView {
  state: Shown = {
    up: false,
    consent: "",
    url: "",
    viewport: { w: 1280, h: 800 },
    customerHere: false,
    role: "",
    may: [],
    refused: false,
    companion: false,
    follow: true,
    outside: false,
    closed: false,
  };
  private readonly link: RoomLink;
  private frame: HTMLIFrameElement | null = null;
  private inFrame: Holder | null = null;
  private inWindow: Holder | null = null;
  private watch = 0;
  private poll = 0;
  private fields = new Map<string, string>();
  private scroll: Place | null = null;
  private people = new Map<string, Person>();

  constructor(
    readonly contact: string,
    private readonly origins: string[],
    private readonly customer: string,
    private readonly changed: () => void,
  ) {
    addEventListener("message", this.greeted);
    this.link = new RoomLink({
      url: location.origin.replace(/^http/, "ws") + "/v1/room",
      token: () => call<{ token: string }>("POST", `desk/contacts/${contact}/room-token`, {}).then((t) => t.token),
      event: this.told,
    });
  }

  close() {
    removeEventListener("message", this.greeted);
    clearTimeout(this.watch);
    clearInterval(this.poll);
    this.link.close();
    this.inWindow?.window.close();
  }

  // attach takes the frame that shows the page; it is about:blank until there is an address.
  attach = (frame: HTMLIFrameElement | null) => {
    if (frame === this.frame) return;
    this.frame = frame;
    this.inFrame = null;
    frame?.addEventListener("load", () => this.waitForHello());
    if (frame && this.state.url) this.go();
  };

  // push shows a page to both; it returns false when the address is not one of the sites'.
  push(address: string): boolean {
    const url = shareable(address, this.state.url || undefined);
    if (!url || !within(url, this.origins)) return false;
    this.link.send({ kind: "push", url });
    return true;
  }

  setFollow(follow: boolean) {
    this.set({ follow });
    this.tellMode();
    if (follow && this.scroll) this.post({ kind: "scroll", at: this.scroll });
  }

  openCompanion() {
    const opened = open(this.state.url, `${companion}-${this.contact}`, "popup,width=1100,height=820");
    if (!opened) return;
    this.inWindow = { window: opened, port: null };
    this.set({ companion: true });
    clearInterval(this.poll);
    this.poll = setInterval(() => {
      if (!opened.closed) return;
      clearInterval(this.poll);
      this.inWindow = null;
      this.set({ companion: false });
    }, 500);
  }

  private told = (event: RoomEvent) => {
    switch (event.kind) {
      case "up":
        this.set({ up: event.up });
        break;
      case "closed":
        this.set({ closed: true, up: false });
        break;
      case "room": {
        const { role, may, consent, url, fields } = event.room;
        this.fields = new Map(Object.entries(fields ?? {}));
        this.set({ consent, role, may: may ?? [] });
        this.locate(url);
        this.tellMode();
        for (const [field, value] of this.fields) this.post({ kind: "form", field, value });
        break;
      }
      case "people":
        this.people = new Map(event.people.map((p) => [p.id, p]));
        this.set({ customerHere: [...this.people.values()].some((p) => p.role === "customer") });
        if (!this.state.customerHere) this.post({ kind: "pointer", at: null, name: "" });
        break;
      case "op":
        this.done(event.from, event.op);
        break;
      case "scroll":
        if (event.from === this.link.me) break;
        this.scroll = event.at;
        if (this.people.get(event.from)?.role === "customer") this.set({ viewport: { w: event.at.w, h: event.at.h } });
        this.post({ kind: "scroll", at: event.at });
        break;
      case "pointer":
        if (event.from !== this.link.me) this.post({ kind: "pointer", at: event.at, name: this.people.get(event.from)?.name || this.customer });
        break;
    }
  };

  private done(from: string, op: Operation) {
    switch (op.kind) {
      case "consent":
        this.fields.clear();
        this.scroll = null;
        this.set({ consent: op.granted ? "granted" : "withdrawn", url: "" });
        break;
      case "navigate":
      case "push":
        this.fields.clear();
        this.scroll = null;
        this.locate(op.url, true);
        break;
      case "form":
        this.fields.set(op.field, op.value);
        if (from !== this.link.me) this.post({ kind: "form", field: op.field, value: op.value });
        break;
    }
  }

  private mayPush = () => this.state.may.includes("push");
  private mayPoint = () => this.state.may.includes("point");

  private tellMode() {
    this.post({ kind: "mode", follow: this.state.follow, act: this.mayPoint() });
  }

  private set(part: Partial<Shown>) {
    this.state = { ...this.state, ...part };
    this.changed();
  }

  // locate shows an address; `again` loads it anew when it is the present one, as a reload of the customer's does.
  private locate(url: string, again = false) {
    // The customer is on a page that the room may not show.
    if (!url && again) this.set({ url, outside: true });
    if (!url || (url === this.state.url && !again)) return;
    const outside = !within(url, this.origins) || shareable(url) === null;
    this.set({ url, outside, refused: false });
    if (!outside) this.go();
  }

  // go brings frame and window to the address. `replace` leaves the desk's own history alone, and is one of the few things
  // that may be done to a window of another origin.
  private go() {
    for (const holder of [this.frame?.contentWindow, this.inWindow?.window]) holder?.location.replace(this.state.url);
    if (this.inFrame) this.inFrame.port = null;
    if (this.inWindow) this.inWindow.port = null;
    this.waitForHello(4 * patience);
  }

  private waitForHello(ms = patience) {
    clearTimeout(this.watch);
    if (!this.state.url) return;
    this.watch = setTimeout(() => {
      if (!this.inFrame?.port) this.set({ refused: true });
    }, ms);
  }

  private greeted = (event: MessageEvent) => {
    if (event.data !== hello || !this.origins.includes(event.origin) || !event.source) return;
    const source = event.source as Window;
    let holder: Holder;
    if (source === this.frame?.contentWindow) holder = this.inFrame = { window: source, port: null };
    else if (source === this.inWindow?.window) holder = this.inWindow;
    else return;
    const pair = new MessageChannel();
    holder.port = pair.port1;
    pair.port1.onmessage = (e) => this.fromFrame(holder, e.data as FromFrame);
    source.postMessage(channel, event.origin, [pair.port2]);
    if (holder === this.inFrame) {
      clearTimeout(this.watch);
      this.set({ refused: false });
    }
  };

  private fromFrame(holder: Holder, message: FromFrame) {
    const tell = (m: ToFrame) => holder.port?.postMessage(m);
    switch (message.kind) {
      case "here":
        tell({ kind: "mode", follow: this.state.follow, act: this.mayPoint() });
        for (const [field, value] of this.fields) tell({ kind: "form", field, value });
        if (this.scroll) tell({ kind: "scroll", at: this.scroll });
        break;
      case "scroll":
        if (this.mayPoint() && this.state.follow) this.link.scroll(message.at);
        break;
      case "pointer":
        if (this.mayPoint()) this.link.pointer(message.at);
        break;
      case "form":
        if (this.state.may.includes("form"))
          this.link.send({ kind: "form", field: message.field, value: message.value, page: this.link.memory.page });
        break;
      case "navigate":
        if (this.mayPush()) this.push(message.url);
        break;
    }
  }

  private post(message: ToFrame) {
    this.inFrame?.port?.postMessage(message);
    this.inWindow?.port?.postMessage(message);
  }
}
