// Ways for a process that listens to end, each by its name. Prints what it has to say on one line.
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const index = isMainThread ? process.argv[2] : workerData.index;
const { AliasMapping, AppMapping, Memfd, PreciseTimer, Userfaultfd, exitProcess, probe } = await import(index);

const { pageBytes } = probe();
const ignore = () => {};

function memory() {
  const memfd = Memfd.create('life', 16 * pageBytes);
  const app = AppMapping.over(memfd, { offset: 0, bytes: memfd.bytes });
  const userfaultfd = Userfaultfd.open();
  userfaultfd.register(app);
  return { memfd, alias: AliasMapping.of(memfd), app, userfaultfd };
}

/** A thread that runs the function, which gets the buffer and nothing else. */
function thread(body, buffer) {
  const source = `const { workerData, parentPort } = require('node:worker_threads'); (${body})(workerData, parentPort);`;
  return new Worker(source, { eval: true, workerData: buffer });
}

function listeningWorker(life) {
  return new Worker(new URL(import.meta.url), { workerData: { index, life } });
}

const said = (worker) => new Promise((resolve) => worker.once('message', resolve));
const load = (buffer, port) => port.postMessage(Atomics.load(new Int32Array(buffer), 0));

const lives = {
  'close-everything': async () => {
    const { memfd, alias, app, userfaultfd } = memory();
    const listener = userfaultfd.listen(ignore);
    const timer = new PreciseTimer(ignore);
    timer.arm(1e9);
    timer.close();
    listener.close();
    userfaultfd.close();
    app.close();
    alias.close();
    memfd.close();
  },
  'close-the-descriptor-only': async () => {
    const { userfaultfd } = memory();
    userfaultfd.listen(ignore);
    await sleep(1);
    userfaultfd.close();
  },
  unref: async () => {
    memory().userfaultfd.listen(ignore).unref();
    const timer = new PreciseTimer(ignore);
    timer.arm(1e9);
    timer.unref();
  },
  'process-exit': async () => {
    memory().userfaultfd.listen(ignore);
    new PreciseTimer(ignore).arm(1e9);
    await sleep(1);
    process.exit(0);
  },
  'process-exit-from-a-fault': async () => {
    const { app, userfaultfd } = memory();
    userfaultfd.listen(() => {
      userfaultfd.close();
      process.exit(0);
    });
    thread(load, app.buffer);
  },
  'exit-process-while-a-thread-is-stuck': async () => {
    const { app, userfaultfd } = memory();
    userfaultfd.listen(() => exitProcess(0));
    thread(load, app.buffer);
  },
  'exit-process-from-a-worker': async () => {
    await said(listeningWorker('listen-forever'));
    listeningWorker('exit-process');
    await sleep(1e6);
  },
  'terminate-a-listening-worker': async () => {
    const worker = listeningWorker('listen-forever');
    await said(worker);
    await worker.terminate();
  },
  'a-listening-worker-that-exits': async () => {
    const worker = listeningWorker('listen-and-exit');
    await new Promise((resolve) => worker.once('exit', resolve));
  },
  'process-exit-with-a-listening-worker': async () => {
    await said(listeningWorker('listen-forever'));
    process.exit(0);
  },
  'promise-of-a-timer': async () => {
    let timer;
    await new Promise((resolve) => {
      timer = new PreciseTimer(resolve);
      timer.arm(100);
    });
    timer.close();
    console.log('went on');
  },
  'promise-of-a-fault': async () => {
    const { alias, app, userfaultfd } = memory();
    const worker = thread(load, app.buffer);
    const address = await new Promise((resolve) => userfaultfd.listen(resolve));
    alias.bytes.fill(7);
    userfaultfd.install({ address, bytes: pageBytes }, false);
    console.log('went on with', (await said(worker)) & 0xff);
    userfaultfd.close();
  },
  'throw-from-a-fault': async () => {
    const { alias, app, userfaultfd } = memory();
    process.on('uncaughtException', (error) => {
      console.log('uncaught:', error.message);
      userfaultfd.close();
    });
    userfaultfd.listen((address) => {
      alias.bytes.fill(1);
      userfaultfd.install({ address, bytes: pageBytes }, false);
      throw new Error('no such page');
    });
    await said(thread(load, app.buffer));
  },
  'collect-garbage-while-listening': async () => {
    const served = (() => {
      const { alias, app, userfaultfd } = memory();
      alias.bytes.fill(7);
      userfaultfd.listen((address) => {
        userfaultfd.install({ address, bytes: pageBytes }, false);
        setImmediate(() => userfaultfd.close());
      });
      return app.buffer;
    })();
    for (let i = 0; i < 5; i++) {
      globalThis.gc();
      await sleep(1);
    }
    console.log('served', (await said(thread(load, served))) & 0xff);
  },
  'touch-closed-memory': async () => {
    const { app, userfaultfd } = memory();
    userfaultfd.close();
    app.close();
    Atomics.load(new Int32Array(app.buffer), 0);
  },
  'touch-poisoned-memory': async () => {
    const { app, userfaultfd } = memory();
    userfaultfd.poison(app);
    Atomics.load(new Int32Array(app.buffer), 0);
  },
  'poison-under-a-waiting-thread': async () => {
    const { app, userfaultfd } = memory();
    userfaultfd.listen(() => userfaultfd.poison(app));
    thread(load, app.buffer);
  },
  'a-buffer-outlives-its-mapping': async () => {
    const memfd = Memfd.create('outlived', 65536);
    const { buffer } = AppMapping.over(memfd, { offset: 0, bytes: 65536 });
    const view = AliasMapping.of(memfd).view(0, 4);
    memfd.close();
    for (let i = 0; i < 5; i++) {
      globalThis.gc();
      await sleep(1);
    }
    Atomics.store(new Int32Array(buffer), 0, 5);
    console.log('shows', view[0]);
  },
};

const workerLives = {
  'listen-forever': (port) => {
    memory().userfaultfd.listen(ignore);
    new PreciseTimer(ignore).arm(1e9);
    port.postMessage('listening');
  },
  'listen-and-exit': () => {
    memory().userfaultfd.listen(ignore);
    new PreciseTimer(ignore).arm(1e9);
    process.exit(0);
  },
  'exit-process': () => exitProcess(0),
};

if (isMainThread) await lives[process.argv[3]]();
else workerLives[workerData.life]((await import('node:worker_threads')).parentPort);
