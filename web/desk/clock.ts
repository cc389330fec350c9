// Times are the server's: the desk's own clock may be wrong.
import { useEffect, useState } from "preact/hooks";

let offset = 0;

export function learnNow(now: string) {
  const at = Date.parse(now);
  if (!isNaN(at)) offset = at - Date.now();
}

const now = () => Date.now() + offset;

// useTick draws its component again each second.
export function useTick() {
  const [, set] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => set((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
}

export const since = (at: string) => clock(Math.max(0, now() - Date.parse(at)));
export const until = (at: string) => clock(Math.max(0, Date.parse(at) - now() + 999));

function clock(ms: number): string {
  if (isNaN(ms)) return "–";
  const s = Math.floor(ms / 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

// isSet: Go's zero time means never.
export const isSet = (at: string | undefined) => !!at && !at.startsWith("0001-");
