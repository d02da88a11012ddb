/** What listens to a board whether or not its panel is shown; loaded before the first connection is made. */
import "./flash-run.ts";
import "./repl-run.ts";
import "./status-run.ts";
import "./trace-run.ts";
