// The script that a company embeds in its pages:
//
//   <script src="https://contact.example/v1/page.js" data-queue="sales" data-site="shop" data-phone="+49 30 123456" defer></script>
//
// docs/embedding.md describes the attributes, events and styles.
import { readConfig } from "./config";
import { startCustomer } from "./customer";

const config = readConfig();
// A second copy of the script changes nothing.
if (config && !window.contactd) {
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", () => void startCustomer(config));
  else void startCustomer(config);
}
