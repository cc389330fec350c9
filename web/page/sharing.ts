// Sharing the customer's page with the agent. Without consent there is no connection at all: nothing that could leak.
import type { Config } from "./config";
import { emit } from "./events";
import { Mirror } from "./mirror";
import { save, type Stored } from "./stored";
import { shareable, within } from "../shared/address";
import { RoomLink, type Person, type RoomEvent } from "../shared/room";

export type Help = {
  agent: string; // what an agent without a name is called
  token: () => Promise<string>;
  origins: () => Promise<string[]>;
};

export class Sharing {
  private link: RoomLink | null = null;
  private mirror: Mirror | null = null;
  private people: Person[] = [];
  private leaving = false;
  // asked: this page has told the room that it is here.
  private asked = false;
  private readonly here = shareable(location.href);

  constructor(
    private readonly config: Config,
    private readonly stored: Stored,
    private readonly help: Help,
  ) {
    // A withdrawal that was not sent when the page was left is sent now.
    if (stored.consent || stored.room?.pending.length) this.open();
    if (!stored.consent) this.link?.closeWhenSent();
  }

  setConsent(consent: boolean) {
    if (consent) {
      this.close();
      this.open();
      return;
    }
    this.unmirror();
    this.link?.send({ kind: "consent", granted: false });
    this.link?.closeWhenSent();
    emit("contactd:room", { connected: false, consent });
  }

  close() {
    this.unmirror();
    this.link?.close();
    this.link = null;
  }

  private open() {
    const { stored } = this;
    const link = new RoomLink({
      url: this.config.server.replace(/^http/, "ws") + "/v1/room",
      token: this.help.token,
      memory: stored.room,
      save: (room) => {
        stored.room = room;
        save(stored);
      },
      event: (event) => link === this.link && void this.told(event),
    });
    this.link = link;
  }

  private unmirror() {
    this.asked = false;
    this.mirror?.stop();
    this.mirror = null;
  }

  private async told(event: RoomEvent) {
    if (!this.stored.consent) return;
    switch (event.kind) {
      case "up":
        emit("contactd:room", { connected: event.up, consent: true });
        break;
      case "closed":
        this.close();
        break;
      case "live":
        this.arrive();
        break;
      case "people":
        this.people = event.people;
        this.tellScroll();
        break;
      case "op":
        if (event.op.kind === "navigate" || event.op.kind === "push") await this.moved(event.from, event.op.url);
        else if (event.op.kind === "form" && !this.own(event.from)) this.mirror?.showField(event.op);
        break;
      case "scroll":
        if (!this.own(event.from)) this.mirror?.showScroll(event.at);
        break;
      case "pointer":
        if (!this.own(event.from)) this.mirror?.showPointer(event.at, this.people.find((p) => p.id === event.from)?.name || this.help.agent);
        break;
    }
  }

  private own = (from: string) => from === this.link?.me;

  // arrive: this page is connected for the first time, or again. Where the agent pushed a page while this one was loading,
  // the operation came before and this tab is leaving already. Else each page load is a navigation, but for the one that
  // a push caused.
  private arrive() {
    const { here, stored, link } = this;
    if (this.leaving || this.asked || !link) return;
    this.asked = true;
    if (link.memory.consent !== "granted") link.send({ kind: "consent", granted: true });
    // An address that must not be told is not shared.
    if (!here) return;
    if (stored.pushed === here && link.memory.url === here) this.begin();
    else link.send({ kind: "navigate", url: here });
    stored.pushed = undefined;
    save(stored);
  }

  // moved is told where the room is now.
  private async moved(from: string, address: string) {
    if (this.own(from)) {
      // What comes before this page asked is an older page's. Without an address the server does not show this one.
      if (this.asked && address) this.begin();
      return;
    }
    const url = shareable(address);
    if (!url || url === this.here) return;
    if (!within(url, [location.origin]) && !within(url, await this.help.origins())) return;
    this.leaving = true;
    this.stored.pushed = url;
    save(this.stored);
    location.assign(url);
  }

  // begin mirrors this page: the room is at it.
  private begin() {
    if (this.mirror || this.leaving) return;
    const { link } = this;
    this.mirror = new Mirror({
      scroll: (at) => link!.scroll(at),
      pointer: (at) => link!.pointer(at),
      form: (field) => link!.send({ kind: "form", ...field, page: link!.memory.page }),
    });
    this.mirror.tellFields();
    this.tellScroll();
  }

  private tellScroll() {
    if (this.mirror) this.link?.scroll(this.mirror.scrolled());
  }
}
