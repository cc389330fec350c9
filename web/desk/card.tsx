// The offer, the contact and the wrap-up: what the agent has in hand.
import { isSet, since, until, useTick } from "./clock";
import type { Messages } from "./messages";
import type { Contact, Desk, Offer, Queue } from "./types";

type Act = (path: string, body?: unknown) => void;

export function InHand({ m, desk, act }: { m: Messages; desk: Desk; act: Act }) {
  const { offer, contact, agent } = desk;
  if (offer && !(contact && contact.state !== "offered" && contact.state !== "waiting")) return <OfferCard m={m} offer={offer} contact={contact} act={act} />;
  if (contact) return <ContactCard m={m} desk={desk} contact={contact} act={act} />;
  const why: Record<string, string> = { missed: m.missed, phone_busy: m.phoneBusy, phone_unreachable: m.phoneUnreachable };
  const missed = agent.state === "not_ready" && why[agent.reason];
  return (
    <section class="card idle" aria-labelledby="idle">
      <h2 id="idle">{m.idleTitle}</h2>
      <p class={missed ? "warn" : "faint"}>{missed ? missed : agent.state === "ready" ? m.idleReady : m.idleNotReady}</p>
    </section>
  );
}

function OfferCard({ m, offer, contact, act }: { m: Messages; offer: Offer; contact: Contact | null; act: Act }) {
  useTick();
  return (
    <section class="card offer" role="alert" id="offer" data-offer={offer.offer}>
      <h2>{m.offerTitle}</h2>
      {contact?.caller && <p class="big">{contact.caller}</p>}
      <p class={contact?.caller ? "faint" : "big"}>{offer.title || offer.queue}</p>
      <p class="faint">{m.kinds[offer.kind] ?? offer.kind}</p>
      <p class="faint">
        {offer.accepted ? m.accepted : m.offerWaits} <span class="clock">{until(offer.until)}</span>
      </p>
      <div class="row">
        <button type="button" id="accept" class="main" disabled={offer.accepted} onClick={() => act(`offers/${offer.offer}/accept`)}>
          {m.accept}
        </button>
        <button type="button" id="reject" disabled={offer.accepted} onClick={() => act(`offers/${offer.offer}/reject`)}>
          {m.reject}
        </button>
      </div>
    </section>
  );
}

function ContactCard({ m, desk, contact, act }: { m: Messages; desk: Desk; contact: Contact; act: Act }) {
  useTick();
  const wrapUp = desk.agent.state === "wrap_up";
  const title = desk.queues?.find((q) => q.id === contact.queue)?.title ?? contact.queue;
  return (
    <section class="card contact" id="contact" data-state={contact.state} aria-labelledby="contact-state">
      <h2>
        <span id="contact-state" role="status">
          {m.contactStates[contact.state] ?? contact.state}
        </span>
        {contact.state === "connected" && isSet(contact.connected_at) && <span class="clock">{since(contact.connected_at)}</span>}
      </h2>
      <p class="big" id="caller">
        {contact.caller || "–"}
      </p>
      <p class="faint">
        {m.kinds[contact.kind] ?? contact.kind}
        {contact.attempt > 1 && ` · ${m.attempt} ${contact.attempt}`}
      </p>
      <dl>
        <dt>{m.queue}</dt>
        <dd>{title}</dd>
        {contact.address && <dt>{m.address}</dt>}
        {contact.address && <dd>{contact.address}</dd>}
      </dl>
      {contact.termination && <p class="faint">{m.terminations[contact.termination] ?? contact.termination}</p>}
      {wrapUp ? (
        <div id="wrap-up">
          <p>
            {m.wrapUpLeft} <strong class="clock">{until(desk.agent.wrap_up_until)}</strong>
          </p>
          <div class="row">
            <button type="button" id="end-wrap-up" class="main" onClick={() => act("wrap-up/end")}>
              {m.endWrapUp}
            </button>
            <button type="button" id="extend-wrap-up" onClick={() => act("wrap-up/extend")}>
              {m.extend}
            </button>
          </div>
        </div>
      ) : (
        <div class="row">
          <button type="button" id="hang-up" class="stop" onClick={() => act(`contacts/${contact.contact}/hang-up`)}>
            {m.hangUp}
          </button>
        </div>
      )}
    </section>
  );
}

export function Queues({ m, queues }: { m: Messages; queues: Queue[] }) {
  return (
    <section class="card queues" aria-labelledby="queues">
      <h2 id="queues">{m.queues}</h2>
      <ul>
        {queues.map((q) => (
          <li key={q.id} data-queue={q.id}>
            <span class="name">{q.title || q.id}</span>
            <span class={q.waiting ? "count some" : "count"}>
              {q.waiting} {m.waiting}
            </span>
            <span class="faint">
              {q.free} {m.free} · {q.busy + q.wrap_up} {m.busy} · {q.not_ready} {m.away} · {m.wait} {wait(m, q)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function wait(m: Messages, q: Queue): string {
  if (!q.estimate?.known) return m.unknownWait;
  const low = Math.floor(q.estimate.low_s / 60);
  const high = Math.ceil(q.estimate.high_s / 60);
  return low >= high ? `${high} ${m.minutes}` : `${low}–${high} ${m.minutes}`;
}
