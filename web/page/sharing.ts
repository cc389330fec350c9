// Sharing the customer's page with the agent, while the customer consents.
import type { Config } from "./config";
import type { Messages } from "./messages";
import type { Stored } from "./stored";

export class Sharing {
  constructor(_config: Config, _stored: Stored, _m: Messages, _token: () => Promise<string>, _first?: string) {}
  setConsent(_consent: boolean) {}
  ended() {}
  close() {}
}
