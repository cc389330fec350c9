// RoomLink is one participant's connection to a contact's room, as docs/room-protocol.md describes it: a token in the first
// frame, durable operations that are sent again until they are acknowledged, ephemeral ones of which only the newest
// counts, and a resume by position.
import type { Place } from "./channel";

export type Person = { id: string; role: string; name: string; address?: string };

export type Operation =
  | { kind: "navigate" | "push"; url: string }
  | { kind: "form"; field: string; value: string; page?: number }
  | { kind: "consent"; granted: boolean }
  | { kind: "role" | "call" | "media" | "chat" | "control" | "opened" | "closed" };

export type Snapshot = {
  you: string;
  role: string;
  may: string[];
  consent: "unasked" | "granted" | "withdrawn";
  url: string;
  page: number;
  fields: Record<string, string>;
  closed: boolean;
};

export type RoomEvent =
  | { kind: "up"; up: boolean }
  // The room is over for this participant; there is no way back.
  | { kind: "closed" }
  // A whole picture that replaces everything.
  | { kind: "room"; room: Snapshot }
  // What was missed is told; from now on it is live. Comes once a connection.
  | { kind: "live" }
  | { kind: "people"; people: Person[] }
  | { kind: "op"; from: string; op: Operation }
  | { kind: "scroll"; from: string; at: Place }
  | { kind: "pointer"; from: string; at: Place | null };

type Pending = { n: number; op: Operation };

// Memory is what a tab keeps over page loads. `url` and `page` are those that the room was last known to be at.
export type Memory = {
  resume?: { you: string; secret: string; epoch: string; offset: number };
  last: number;
  pending: Pending[];
  url: string;
  page: number;
  consent: string;
};

export type RoomOptions = {
  url: string;
  // token fetches a fresh room token, and throws an error with the status that refused it.
  token: () => Promise<string>;
  event: (event: RoomEvent) => void;
  memory?: Memory;
  save?: (memory: Memory) => void;
};

// The server beats every 25 s; silence of this long is a lost connection.
const silence = 60_000;

const stopCodes = [4003, 4004, 4009, 4010];
const slowCodes = [4013, 4029, 4030];

export class RoomLink {
  readonly memory: Memory;
  me = "";
  private socket: WebSocket | null = null;
  private live = false;
  private stopped = false;
  private stopWhenSent = false;
  private pause = 0;
  private timer = 0;
  private watch = 0;

  constructor(private readonly o: RoomOptions) {
    this.memory = o.memory ?? { last: 0, pending: [], url: "", page: 0, consent: "" };
    void this.connect();
    addEventListener("online", this.hurry);
  }

  // send keeps the operation until the server has it.
  send(op: Operation) {
    const next = { n: (this.memory.pending.at(-1)?.n ?? this.memory.last) + 1, op };
    this.memory.pending.push(next);
    this.save();
    if (this.live) this.write({ t: "op", ...next });
  }

  scroll(at: Place) {
    this.now({ t: "scroll", ...at });
  }

  pointer(at: Place) {
    this.now({ t: "pointer", ...at });
  }

  close() {
    this.stopped = true;
    removeEventListener("online", this.hurry);
    clearTimeout(this.timer);
    clearTimeout(this.watch);
    this.socket?.close(1000);
  }

  closeWhenSent() {
    this.stopWhenSent = true;
    if (!this.memory.pending.length) this.close();
  }

  private now(frame: object) {
    // A position that waits behind others is old when it arrives.
    if (this.live && this.socket!.bufferedAmount < 4096) this.write(frame);
  }

  private write(frame: object) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  private save() {
    this.o.save?.(this.memory);
  }

  private hurry = () => {
    if (!this.socket && !this.stopped) void this.connect();
  };

  private again(code = 0) {
    this.socket = null;
    clearTimeout(this.watch);
    if (this.live) this.o.event({ kind: "up", up: false });
    this.live = false;
    if (this.stopped) return;
    if (stopCodes.includes(code)) {
      this.close();
      this.o.event({ kind: "closed" });
      return;
    }
    this.pause = code === 1001 && !this.pause ? 100 : Math.min(Math.max(500, this.pause * 2), 15_000);
    if (slowCodes.includes(code)) this.pause = Math.max(this.pause, 5000);
    clearTimeout(this.timer);
    this.timer = setTimeout(this.hurry, this.pause * (0.5 + Math.random() / 2));
  }

  private async connect() {
    clearTimeout(this.timer);
    let token: string;
    try {
      token = await this.o.token();
    } catch (error) {
      const status = (error as { status?: number }).status ?? 0;
      this.again([401, 403, 404, 410].includes(status) ? 4004 : 0);
      return;
    }
    if (this.stopped || this.socket) return;
    const socket = new WebSocket(this.o.url, "contactd.room.1");
    this.socket = socket;
    socket.onopen = () => this.write({ t: "hello", token, resume: this.memory.resume });
    socket.onclose = (event) => socket === this.socket && this.again(event.code);
    socket.onmessage = (event) => {
      clearTimeout(this.watch);
      this.watch = setTimeout(() => {
        socket.onclose = null;
        socket.close();
        this.again();
      }, silence);
      this.read(JSON.parse(event.data));
    };
  }

  private read(f: any) {
    const { memory } = this;
    switch (f.t) {
      case "welcome":
        this.pause = 0;
        this.me = f.you;
        if (f.how === "duplicate") memory.pending = [];
        memory.pending = memory.pending.filter((p) => f.how !== "resumed" || p.n > f.last);
        if (f.how !== "resumed") {
          f.last ??= 0;
          memory.pending.forEach((p, i) => (p.n = f.last + i + 1));
        }
        memory.last = Math.max(f.last, 0);
        // The position is that of what this client has seen: a resume after a lost connection must not skip what follows.
        memory.resume = { you: f.you, secret: f.secret, epoch: f.epoch, offset: f.how === "resumed" ? (memory.resume?.offset ?? 0) : 0 };
        this.save();
        break;
      case "snapshot":
        Object.assign(memory, { url: f.url, page: f.page, consent: f.consent });
        this.seen(f.offset);
        this.o.event({ kind: "room", room: f });
        break;
      case "op": {
        const op = f.op as Operation;
        if (op.kind === "navigate" || op.kind === "push") Object.assign(memory, { url: op.url, page: f.offset });
        if (op.kind === "consent") memory.consent = op.granted ? "granted" : "withdrawn";
        this.seen(f.offset);
        this.o.event({ kind: "op", from: f.from, op });
        break;
      }
      case "ack":
      case "refused":
        memory.pending = memory.pending.filter((p) => p.n > f.n);
        memory.last = Math.max(memory.last, f.n);
        this.save();
        if (this.stopWhenSent && !memory.pending.length) this.close();
        break;
      case "people":
        this.o.event({ kind: "people", people: f.people });
        if (this.live) break;
        this.live = true;
        for (const p of memory.pending) this.write({ t: "op", ...p });
        this.o.event({ kind: "up", up: true });
        this.o.event({ kind: "live" });
        break;
      case "scroll":
        this.o.event({ kind: "scroll", from: f.from, at: f });
        break;
      case "pointer":
        this.o.event({ kind: "pointer", from: f.from, at: f.gone ? null : f });
        break;
    }
  }

  private seen(offset: number) {
    const { resume } = this.memory;
    if (resume && offset > resume.offset) resume.offset = offset;
    this.save();
  }
}
