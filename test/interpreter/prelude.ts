/**
 * Runs on the interpreter before the image, as `.boot0`: what the chip has and a build for Linux has not. The image
 * itself stays byte for byte what would be flashed.
 *
 * - `Serial1` is a pseudo-terminal, and pins of the UART mean nothing here.
 * - The console stays on stdin and stdout: it is the harness' own wire, never the modem's.
 * - A pin that is written tells the harness; a pin that the harness sets can be read and watched.
 * - `E.reboot()` ends the process, and the harness starts the next one on the same flash.
 *
 * `levels`: what the input pins read at once. A modem that is on when the board starts must not look as if it were off.
 */
export function boardPrelude(ptyPath: string, levels: Readonly<Record<string, 0 | 1>> = {}): string {
  return `(function(){
var levels=${JSON.stringify(levels)},watches=[],nextWatch=1,setup=Serial1.setup,reboot=E.reboot;
function tell(text){print("\\x02"+text+"\\x03");}
function drive(pin,level){level=level?1:0;levels[pin]=level;tell("P"+pin+"="+level);}
Serial1.setup=function(baud,options){
var o={path:${JSON.stringify(ptyPath)}};
if(options){if(options.bytesize)o.bytesize=options.bytesize;if(options.stopbits)o.stopbits=options.stopbits;}
setup.call(Serial1,baud,o);
tell("B"+baud);
};
E.setConsole=function(device){tell("C"+device);};
E.reboot=function(){tell("R");reboot();};
global.digitalWrite=function(pin,level){
if(pin instanceof Array)for(var i=0;i<pin.length;i++)drive(pin[i],(level>>(pin.length-1-i))&1);
else drive(pin,level);
};
global.digitalRead=function(pin){return levels[pin]|0;};
global.digitalPulse=function(pin,level,ms){drive(pin,level);setTimeout(drive,ms,pin,!level);};
global.setWatch=function(run,pin,options){
watches.push({run:run,pin:""+pin,edge:options&&options.edge,once:!(options===true||options&&options.repeat),id:nextWatch});
return nextWatch++;
};
global.clearWatch=function(id){watches=watches.filter(function(w){return id!==undefined&&w.id!=id;});};
Pin.prototype.write=function(level){drive(this,level);};
Pin.prototype.set=function(){drive(this,1);};
Pin.prototype.reset=function(){drive(this,0);};
Pin.prototype.toggle=function(){drive(this,!levels[this]);};
Pin.prototype.read=function(){return !!levels[this];};
global["\\xFFpin"]=function(pin,level){
levels[pin]=level;
watches.forEach(function(w){
if(w.pin!=pin||w.edge=="rising"&&!level||w.edge=="falling"&&level)return;
if(w.once)clearWatch(w.id);
setTimeout(w.run,0,{state:!!level,time:getTime(),pin:pin});
});
};
tell("S");
})();`;
}

/** The expression by which the harness sets an input pin. */
export function pinExpression(pin: string, level: 0 | 1): string {
  return `global["\\xFFpin"](${JSON.stringify(pin)},${level})`;
}
