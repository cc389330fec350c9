// Which addresses may be shown, and what of an address may be told. The server checks the same again.

const secret = /token|secret|passw|session|auth|signature|credential|api_?key|^(sid|key|code|sig|otp|jwt|pwd|pin|ticket|assertion|saml)$/i;

// shareable returns the address without what must not be told, or null when it is none to share.
export function shareable(address: string, base?: string): string | null {
  let url: URL;
  try {
    url = new URL(address, base);
  } catch {
    return null;
  }
  if (!allowedScheme(url) || url.username || url.password) return null;
  url.hash = "";
  for (const name of [...url.searchParams.keys()]) if (secret.test(name)) url.searchParams.delete(name);
  return url.href;
}

// https, and http on the machine itself for a demo.
function allowedScheme(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname));
}

export function within(address: string, origins: string[]): boolean {
  try {
    return origins.includes(new URL(address).origin);
  } catch {
    return false;
  }
}
