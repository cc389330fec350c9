// What the company's own code can listen to, on window, and call, as window.contactd.
import type { Availability, ContactKind, ContactState } from "./api";

export type Events = {
  "contactd:ready": Contactd;
  "contactd:availability": Availability;
  "contactd:state": ContactState;
  "contactd:room": { connected: boolean; consent: boolean };
  "contactd:unreachable": { phone: string };
  "contactd:problem": { code: string; detail: string };
};

export type Contactd = {
  readonly state: ContactState | null;
  readonly availability: Availability | null;
  request(kind: ContactKind, number: string, consent: boolean): Promise<void>;
  changeNumber(number: string): Promise<void>;
  cancel(): Promise<void>;
  setConsent(consent: boolean): Promise<void>;
  forget(): void;
};

declare global {
  interface Window {
    contactd?: Contactd;
  }
  interface WindowEventMap {
    "contactd:ready": CustomEvent<Events["contactd:ready"]>;
    "contactd:availability": CustomEvent<Events["contactd:availability"]>;
    "contactd:state": CustomEvent<Events["contactd:state"]>;
    "contactd:room": CustomEvent<Events["contactd:room"]>;
    "contactd:unreachable": CustomEvent<Events["contactd:unreachable"]>;
    "contactd:problem": CustomEvent<Events["contactd:problem"]>;
  }
}

export function emit<K extends keyof Events>(name: K, detail: Events[K]) {
  dispatchEvent(new CustomEvent(name, { detail }));
}
