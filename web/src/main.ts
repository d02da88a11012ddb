import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/menu.css";
import "./styles/panels.css";
import "./styles/board.css";
import "./styles/provision.css";
import "./styles/status.css";
import "./styles/tools.css";
import "./elements/console.ts";
import { startTheme } from "./theme.ts";

startTheme();

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  // Without it the page works as long as the network does.
  addEventListener("load", () => void navigator.serviceWorker.register("./service-worker.js").catch(() => undefined));
}
