// The script that a company embeds in its pages:
//
//   <script src="https://contact.example/v1/page.js" data-queue="sales" data-site="shop" data-phone="+49 30 123456" defer></script>
//
// docs/embedding.md describes the attributes, events and styles.
import { readConfig, type Config } from "./config";
import { startCustomer } from "./customer";
import { holder, startFramed } from "./framed";

async function start(config: Config) {
  const desk = holder();
  if (desk && (await startFramed(config, desk))) return;
  await startCustomer(config);
}

const config = readConfig();
// A second copy of the script changes nothing.
if (config && !window.contactd) {
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", () => void start(config));
  else void start(config);
}
