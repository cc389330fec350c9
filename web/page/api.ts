// The customer listener's HTTP API, as the page uses it.
import type { Config } from "./config";
import { shareable } from "../shared/address";

export type Estimate = { known: boolean; low_s: number; high_s: number; reason: string };

export type Availability = {
  queue: string;
  title: string;
  free: number;
  waiting: number;
  estimate: Estimate;
  phone: string;
};

export type ContactKind = "callback_now" | "callback_turn";

export type ContactState = {
  contact: string;
  kind: ContactKind;
  queue: string;
  state: "waiting" | "paused" | "offered" | "calling" | "connected" | "wrapping_up" | "ended";
  place: number;
  estimate: Estimate;
  number_hint: string;
  attempt: number;
  next_attempt: string;
  connected_at: string;
  termination: string;
  agent_name: string;
};

// Site: where desks are served, whose pages may be shared, and the plain number to call.
export type Site = { desk_origins: string[]; origins: string[]; phone: string };

export type Created = { contact: string; token: string; room_token: string; state: ContactState };

// Problem is an RFC 9457 answer, or code "unreachable" when there was none.
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

export class Api {
  private asked?: Promise<Site>;

  constructor(private readonly config: Config) {}

  availability(): Promise<Availability> {
    return this.call("GET", `availability?queue=${encodeURIComponent(this.config.queue)}`);
  }

  site(): Promise<Site> {
    return (this.asked ??= this.call("GET", `site?site=${encodeURIComponent(this.config.site)}`));
  }

  create(kind: ContactKind, number: string, consent: boolean): Promise<Created> {
    const { queue, site, language } = this.config;
    return this.call("POST", "contacts", undefined, {
      queue,
      kind,
      number,
      consent,
      language,
      site,
      // Without consent nobody is told where the customer is, and never what is secret in the address.
      page: (consent && shareable(location.href)) || undefined,
    });
  }

  change(contact: string, token: string, number: string): Promise<ContactState> {
    return this.call("PATCH", `contacts/${contact}`, token, { number });
  }

  cancel(contact: string, token: string): Promise<void> {
    return this.call("DELETE", `contacts/${contact}`, token);
  }

  roomToken(contact: string, token: string): Promise<{ token: string }> {
    return this.call("POST", `contacts/${contact}/room-token`, token, {});
  }

  async call<T>(method: string, path: string, token?: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = {};
    if (body) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Bearer ${token}`;
    let answer: Response;
    try {
      answer = await fetch(`${this.config.server}/v1/${path}`, {
        method,
        headers,
        body: body && JSON.stringify(body),
        credentials: "omit",
        signal: AbortSignal.timeout(15_000),
      } as RequestInit);
    } catch {
      throw new Problem("unreachable", 0, "");
    }
    const text = await answer.text();
    let value: any;
    try {
      value = text ? JSON.parse(text) : undefined;
    } catch {
      throw new Problem("unreachable", answer.status, "");
    }
    if (!answer.ok) throw new Problem(value?.code ?? "error", answer.status, value?.detail ?? value?.title ?? "");
    return value as T;
  }
}
