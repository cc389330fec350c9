// The agent desk: one whole state from the server, drawn each time it comes. A second tab or a reload draws the same.
import { render } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { armSound, askToNotify, ring, silence } from "./alarm";
import { call, Problem, watch } from "./api";
import { Beside } from "./beside";
import { InHand, Queues } from "./card";
import { learnNow } from "./clock";
import { Keys, useKeys } from "./keys";
import { chooseLanguage, chosenLanguage, messages, type Language } from "./messages";
import { SignIn } from "./signin";
import { Topbar } from "./topbar";
import type { Desk } from "./types";

function App() {
  const [language, setLanguage] = useState<Language>(chosenLanguage);
  const [signedIn, setSignedIn] = useState<boolean | null>(null);
  const m = messages(language);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = `contactd · ${m.desk}`;
  }, [language]);
  useEffect(() => {
    let stopped = false;
    const ask = async () => {
      try {
        await call("GET", "session");
        setSignedIn(true);
      } catch (problem) {
        if (problem instanceof Problem && problem.status >= 400 && problem.status < 500) setSignedIn(false);
        else if (!stopped) setTimeout(ask, 2000);
      }
    };
    void ask();
    return () => void (stopped = true);
  }, []);

  if (signedIn === null) return null;
  if (!signedIn) return <SignIn m={m} done={() => setSignedIn(true)} />;
  const change = (chosen: Language) => {
    chooseLanguage(chosen);
    setLanguage(chosen);
  };
  return <Work language={language} setLanguage={change} signedOut={() => setSignedIn(false)} />;
}

type WorkProps = { language: Language; setLanguage: (language: Language) => void; signedOut: () => void };

function Work({ language, setLanguage, signedOut }: WorkProps) {
  const m = messages(language);
  const [desk, setDesk] = useState<Desk | null>(null);
  const [up, setUp] = useState(true);
  const [problem, setProblem] = useState("");
  const [mute, setMute] = useState(false);
  const [keys, setKeys] = useState(false);
  useKeys(useCallback(() => setKeys((open) => !open), []));
  useEffect(() => armSound(setMute), []);
  useEffect(() => {
    const show = (next: Desk) => {
      learnNow(next.now);
      setDesk(next);
    };
    return watch(show, setUp, signedOut);
  }, []);

  const offer = desk?.offer ?? null;
  const rings = offer && !offer.accepted ? String(offer.offer) : "";
  useEffect(() => {
    if (rings && offer) ring(rings, m.notifyTitle, `${m.kinds[offer.kind] ?? offer.kind} · ${offer.title || offer.queue}`);
    else silence();
    return silence;
  }, [rings]);

  if (!desk) return <p class="empty">{up ? "" : m.unreachable}</p>;

  const explain = (error: Error) => setProblem((error instanceof Problem && m.errors[error.code]) || error.message || m.failed);
  const act = (path: string, body: unknown = {}) => {
    askToNotify();
    setProblem("");
    call("POST", `desk/${path}`, body).catch(explain);
  };
  const signOut = () => {
    call("DELETE", "session").then(signedOut, explain);
  };
  const room = desk.contact?.contact ?? offer?.contact ?? "";
  const origins = [...new Set((desk.sites ?? []).flatMap((s) => s.origins))];
  const wrapUp = desk.agent.state === "wrap_up";
  return (
    <>
      <Topbar m={m} desk={desk} language={language} act={act} setLanguage={setLanguage} signOut={signOut} showKeys={() => setKeys(true)} />
      <div role="alert" id="banners">
        {!up && <p class="banner bad-banner">{m.lost}</p>}
        {!desk.pbx_connected && <p class="banner bad-banner">{m.pbxLost}</p>}
        {problem && (
          <p class="banner" id="problem">
            {problem}
          </p>
        )}
        {mute && <p class="banner">{m.soundOff}</p>}
      </div>
      <main class="work">
        <div class="side">
          <InHand m={m} desk={desk} act={act} />
          <Queues m={m} queues={desk.queues ?? []} />
        </div>
        {room ? (
          <Beside key={room} m={m} contact={room} origins={origins} preview={!!offer} over={wrapUp} />
        ) : (
          <section class="beside" aria-label={m.page}>
            <p class="empty">{desk.agent.state === "ready" ? m.idleReady : m.idleNotReady}</p>
          </section>
        )}
      </main>
      {keys && <Keys m={m} close={() => setKeys(false)} />}
    </>
  );
}

render(<App />, document.getElementById("desk")!);
