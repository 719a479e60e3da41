// A process with a kill timer. The first argument is the built package, the second what it does.
import process from 'node:process';

const { KillTimer } = await import(process.argv[2]);
const timer = new KillTimer();

const lives = {
  'compute for ever': () => {
    timer.arm(50);
    for (;;);
  },
  'stop for ever': () => {
    timer.arm(50);
    process.kill(process.pid, 'SIGSTOP');
  },
  'end before its time': () => timer.arm(60_000),
  'disarm it': () => {
    timer.arm(20);
    timer.disarm();
    setTimeout(() => console.log('alive'), 60);
  },
  'close it': () => {
    timer.arm(20);
    timer.close();
    setTimeout(() => console.log('alive'), 60);
  },
  'arm it anew in time': () => {
    timer.arm(2000);
    const until = performance.now() + 3000;
    const again = () => {
      timer.arm(2000);
      if (performance.now() < until) return setTimeout(again, 100);
      timer.close();
      console.log('alive');
    };
    again();
  },
};
lives[process.argv[3]]();
