import type { FaultKind } from '../faults.js';
import { delay, drip } from './delay.js';
import { fill } from './fill.js';
import { kill } from './kill.js';
import { linkDown } from './link-down.js';
import { loss } from './loss.js';
import type { Nemesis } from './nemesis.js';
import { partition } from './partition.js';
import { restart } from './restart.js';
import { pause, stop } from './stop.js';
import { strangers } from './strangers.js';

export const nemeses: Readonly<Record<FaultKind, Nemesis>> = {
  kill,
  restart,
  pause,
  stop,
  'coordinator-pause': pause,
  partition,
  'one-way': partition,
  'link-down': linkDown,
  loss,
  delay,
  drip,
  fill,
  strangers,
};
