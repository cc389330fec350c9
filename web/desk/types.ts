// What the agent listener says: one whole state each time it changes.
import type { ContactState, Estimate } from "../page/api";

export type AgentState = "logged_out" | "not_ready" | "ready" | "offered" | "talking" | "wrap_up";

export type Agent = {
  id: string;
  name: string;
  state: AgentState;
  reason: string;
  since: string;
  after: AgentState | "";
  after_reason: string;
  wrap_up_until: string;
};

export type Offer = {
  offer: number | string;
  contact: string;
  queue: string;
  title: string;
  kind: string;
  made: string;
  until: string;
  accepted: boolean;
};

export type Contact = ContactState & { caller: string; address: string; page_shared: boolean; queue_title?: string };

export type Queue = {
  id: string;
  title: string;
  waiting: number;
  free: number;
  busy: number;
  wrap_up: number;
  not_ready: number;
  estimate: Estimate;
};

export type Desk = {
  now: string;
  agent: Agent;
  offer: Offer | null;
  contact: Contact | null;
  queues: Queue[];
  reasons: string[];
  sites: { origins: string[] }[];
  pbx_connected: boolean;
};
