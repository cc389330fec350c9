// The customer's own page: availability, the request, its live state, and the room while the customer consents.
import { Api, Problem, type Availability, type ContactKind, type ContactState } from "./api";
import type { Config } from "./config";
import { emit, type Contactd } from "./events";
import { messages } from "./messages";
import { makePanel, type Model } from "./panel";
import { Sharing } from "./sharing";
import { load, save, type Stored } from "./stored";
import { follow } from "../shared/stream";

// Availability is asked while nobody has asked for a contact; the answer may be cached on its way.
const askAgain = 10_000;

export async function startCustomer(config: Config) {
  const api = new Api(config);
  const m = messages(config.language);
  let stored: Stored | null = load();
  let availability: Availability | null = null;
  let state: ContactState | null = null;
  let reachable = true;
  let up = true;
  let open = stored?.open ?? false;
  let stop = () => {};
  let sharing: Sharing | null = null;

  const explain = (problem: unknown) => {
    const code = problem instanceof Problem ? problem.code : "";
    const group = code.startsWith("limit_") ? "too_many" : code.startsWith("number_") ? "number_refused" : "";
    return m.errors[code] ?? m.errors[group] ?? m.error;
  };
  const told = async <T>(run: Promise<T>): Promise<T> => {
    try {
      return await run;
    } catch (problem) {
      if (problem instanceof Problem) emit("contactd:problem", { code: problem.code, detail: problem.message });
      throw problem;
    }
  };

  const contactd: Contactd = {
    get state() {
      return state;
    },
    get availability() {
      return availability;
    },
    async request(kind, number, consent) {
      const made = await told(api.create(kind as ContactKind, number, consent));
      stored = { contact: made.contact, token: made.token, consent, open };
      save(stored);
      learned(made.state);
      begin(made.room_token);
    },
    async changeNumber(number) {
      if (stored) learned(await told(api.change(stored.contact, stored.token, number)));
    },
    async cancel() {
      if (!stored) return;
      await told(api.cancel(stored.contact, stored.token));
    },
    async setConsent(consent) {
      if (!stored) return;
      stored.consent = consent;
      save(stored);
      sharing?.setConsent(consent);
      show();
    },
    forget() {
      stop();
      sharing?.close();
      sharing = null;
      stored = state = null;
      save(null);
      show();
      void poll();
    },
  };

  const panel = config.headless
    ? null
    : makePanel(
        m,
        {
          ...contactd,
          setOpen(on) {
            open = on;
            if (stored) {
              stored.open = open;
              save(stored);
            }
            show();
          },
        },
        explain,
      );

  const show = () => {
    const model: Model = { reachable, availability, state, open, up, consent: !!stored?.consent, phone: availability?.phone || config.phone };
    panel?.show(model);
  };

  const learned = (next: ContactState) => {
    state = next;
    reachable = true;
    if (over(next)) sharing?.close();
    emit("contactd:state", next);
    show();
  };

  // begin follows the contact's state, and opens the room.
  const begin = (roomToken?: string) => {
    const mine = stored!;
    stop = follow({
      url: `${config.server}/v1/contacts/${mine.contact}/events`,
      headers: () => ({ Authorization: `Bearer ${mine.token}` }),
      event: (name, data) => {
        if (name !== "state") return;
        learned(JSON.parse(data));
        if (state?.state === "ended") stop();
      },
      up: (connected) => {
        up = connected;
        show();
      },
      // The contact is over and forgotten, or the token is: either way there is nothing more to show.
      refused: () => {
        contactd.forget();
        return false;
      },
    });
    sharing = new Sharing(config, mine, {
      agent: m.agent,
      token: async () => {
        const first = roomToken;
        roomToken = undefined;
        return first ?? (await api.roomToken(mine.contact, mine.token)).token;
      },
      origins: async () => (await api.site()).origins ?? [],
    });
  };

  // Only the newest round asks: a contact may be made and forgotten while one waits.
  let round = 0;
  const poll = async () => {
    const mine = ++round;
    while (!stored && mine === round) {
      try {
        availability = await api.availability();
        reachable = true;
        emit("contactd:availability", availability);
      } catch {
        if (reachable) emit("contactd:unreachable", { phone: config.phone });
        reachable = false;
      }
      show();
      await new Promise((resolve) => setTimeout(resolve, askAgain));
      // A page that nobody looks at asks nothing.
      if (document.hidden) await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
    }
  };

  window.contactd = contactd;
  emit("contactd:ready", contactd);
  show();
  if (stored) {
    // A page out of the browser's back-forward cache has lost its connections, and the room has moved on.
    addEventListener("pageshow", (e) => e.persisted && location.reload());
    begin();
  } else void poll();
}

const over = (s: ContactState) => s.state === "ended" || s.state === "wrapping_up";
