// The sound and the notification of an offer.

let audio: AudioContext | null = null;
let ringing: { offer: string; timer: number } | null = null;

// A browser lets a page sound only after its user has touched it; waiting tells whether that is still to come.
let heard: (waiting: boolean) => void = () => {};

export function armSound(waiting: (waiting: boolean) => void) {
  heard = waiting;
  const unlock = () => {
    audio ??= new AudioContext();
    void audio.resume();
    heard(false);
  };
  // Not on pointerdown: the notice goes then, what lies below it moves up, and the press would miss its button.
  addEventListener("click", unlock);
  addEventListener("keydown", unlock);
  heard(!navigator.userActivation?.hasBeenActive && audio === null);
}

// askToNotify must be called from a press of the agent's.
export function askToNotify() {
  if ("Notification" in window && Notification.permission === "default") void Notification.requestPermission();
}

let shown: Notification | null = null;

export function ring(offer: string, title: string, text: string) {
  if (ringing?.offer === offer) return;
  silence();
  const again = () => chime();
  ringing = { offer, timer: setInterval(again, 2500) as unknown as number };
  document.documentElement.dataset.ringing = offer;
  again();
  if ("Notification" in window && Notification.permission === "granted") {
    // The tag keeps a second tab of the same agent from showing the same offer twice.
    shown = new Notification(title, { body: text, tag: `contactd-offer-${offer}`, requireInteraction: true });
    shown.onclick = () => {
      focus();
      shown?.close();
    };
  }
}

export function silence() {
  if (ringing) clearInterval(ringing.timer);
  ringing = null;
  delete document.documentElement.dataset.ringing;
  shown?.close();
  shown = null;
}

// chime plays two soft notes, a fifth apart.
function chime() {
  if (audio?.state !== "running") {
    // A machine without sound never runs; only an untouched page is worth a word.
    heard(!navigator.userActivation?.hasBeenActive);
    void audio?.resume();
    return;
  }
  for (const [start, frequency] of [
    [0, 523.25],
    [0.22, 783.99],
  ] as const) {
    const at = audio.currentTime + start;
    const tone = audio.createOscillator();
    const gain = audio.createGain();
    tone.frequency.value = frequency;
    gain.gain.setValueAtTime(0.0001, at);
    gain.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.6);
    tone.connect(gain).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.65);
  }
}
