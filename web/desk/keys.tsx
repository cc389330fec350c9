// Keyboard shortcuts: Alt and a letter, so that typing stays typing.
import { useEffect, useRef } from "preact/hooks";
import type { Messages } from "./messages";

const list: [keyof Messages["keys"], string, string][] = [
  ["ready", "Alt+Y", "KeyY"],
  ["accept", "Alt+A", "KeyA"],
  ["reject", "Alt+R", "KeyR"],
  ["hangUp", "Alt+H", "KeyH"],
  ["end", "Alt+E", "KeyE"],
  ["extend", "Alt+X", "KeyX"],
  ["address", "Alt+L", "KeyL"],
  ["help", "Alt+K", "KeyK"],
];

// Each key presses the button that a person would press, so that both do the same and obey the same rules.
const targets: Record<keyof Messages["keys"], string> = {
  ready: "#go-ready, #go-not-ready",
  accept: "#accept",
  reject: "#reject",
  hangUp: "#hang-up",
  end: "#end-wrap-up",
  extend: "#extend-wrap-up",
  address: "#address",
  help: "",
};

export function useKeys(help: () => void) {
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (!e.altKey || e.ctrlKey || e.metaKey) return;
      const found = list.find(([, , code]) => code === e.code);
      if (!found) return;
      e.preventDefault();
      if (found[0] === "help") return help();
      const target = document.querySelector<HTMLElement>(targets[found[0]]);
      if (target instanceof HTMLInputElement) {
        target.focus();
        target.select();
      } else target?.click();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

export function Keys({ m, close }: { m: Messages; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="keys-title">
      <h2 id="keys-title">{m.shortcuts}</h2>
      <dl class="keys">
        {list.map(([name, key]) => (
          <div key={name}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{m.keys[name]}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button class="main">{m.close}</button>
      </form>
    </dialog>
  );
}
