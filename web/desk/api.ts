// Requests of the desk. The cookie holds the session; the header keeps other sites' forms out.
import type { Desk } from "./types";
import { follow } from "../shared/stream";

export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

export async function call<T = void>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { "X-Contactd": "1" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(`/v1/${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      signal: AbortSignal.timeout(15_000),
    });
  } catch {
    throw new Problem("unreachable", 0, "");
  }
  const text = await answer.text();
  const value = text ? JSON.parse(text) : undefined;
  if (!answer.ok) throw new Problem(value?.code ?? "error", answer.status, value?.detail ?? value?.title ?? "");
  return value as T;
}

// watch follows the desk's state until it is stopped.
export function watch(show: (desk: Desk) => void, up: (up: boolean) => void, signedOut: () => void): () => void {
  return follow({
    url: "/v1/desk/events",
    headers: () => ({ "X-Contactd": "1" }),
    credentials: "same-origin",
    event: (name, data) => {
      if (name === "desk") show(JSON.parse(data) as Desk);
    },
    up,
    refused: (status) => {
      if (status !== 401) return true;
      signedOut();
      return false;
    },
  });
}
