// Which fields may be shared. Everything is private unless the page marks it, and some things are private even then.

export type Input = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const privateTypes = ["password", "file", "hidden", "submit", "button", "image", "reset"];
const privateHints = /^(cc-.*|.*password|one-time-code|transaction-.*|webauthn)$/;

export function isShareable(target: EventTarget | null): target is Input {
  if (!(target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)) return false;
  return (
    !!target.closest("[data-contactd-share]") &&
    !target.closest("[data-contactd-private]") &&
    !privateTypes.includes(target.type) &&
    !target.autocomplete.toLowerCase().split(/\s+/).some((hint) => privateHints.test(hint))
  );
}

// A field's name must be the same in the customer's and in the agent's copy of the page.
export function fieldName(input: Input): string {
  const form = input.form;
  const place = form ? form.id || form.getAttribute("name") || `form${[...document.forms].indexOf(form)}` : "";
  const own = input.name || input.id;
  return own && [place, own, ...(isTick(input) ? [input.value] : [])].join("/");
}

export const isTick = (input: Input): input is HTMLInputElement => input.type === "checkbox" || input.type === "radio";

export function shareableFields(): Input[] {
  return [...document.querySelectorAll("input,textarea,select")].filter(isShareable);
}
