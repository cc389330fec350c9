import { useState } from "preact/hooks";
import { call, Problem } from "./api";
import { askToNotify } from "./alarm";
import type { Messages } from "./messages";

export function SignIn({ m, done }: { m: Messages; done: () => void }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    askToNotify();
    setBusy(true);
    setProblem("");
    try {
      await call("POST", "session", { user: form.get("user"), password: form.get("password") });
      done();
    } catch (error) {
      const status = error instanceof Problem ? error.status : 0;
      setProblem(status === 401 || status === 403 ? m.badPassword : (error as Error).message || m.unreachable);
    } finally {
      setBusy(false);
    }
  };

  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <h1>
          <span class="mark" aria-hidden="true" />
          {m.desk}
        </h1>
        <label for="user">{m.user}</label>
        <input id="user" name="user" autocomplete="username" required autofocus autocapitalize="none" spellcheck={false} />
        <label for="password">{m.password}</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required />
        <p class="bad" role="alert">
          {problem}
        </p>
        <button class="main" disabled={busy}>
          {m.signIn}
        </button>
      </form>
    </main>
  );
}
