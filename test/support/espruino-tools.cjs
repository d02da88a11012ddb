// What EspruinoTools, the engine of the Espruino Web IDE, makes of a script that require()s: prints the code that it would send.
// A process of its own: EspruinoTools makes globals, and talks on the console.
const [modules, script] = process.argv.slice(2);
const say = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true; // its own talk

globalThis.fs = require("node:fs"); // as its command line has it
require("espruino").init(() => {
  const { Espruino } = globalThis;
  Espruino.Config.MODULES_DIR_NAME = modules;
  // Nothing from the network.
  Espruino.Config.MODULE_URL = "";
  Espruino.callProcessor("transformForEspruino", script, (code) => say(code, () => process.exit(0)));
});
