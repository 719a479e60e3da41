import { HOME, type Incarnation, incarnation, millis, type Right } from '@pagewire/protocol';
import { World } from '../../src/machines/world.js';
import { type WorldNode, worldPage } from '../../src/machines/world-node.js';
import type { Note } from './notation.js';
import { noteAgent } from './noted-agent.js';
import { noteHome } from './noted-home.js';

const PAGE = worldPage(0);
const NEVER = millis(Number.POSITIVE_INFINITY);
const QUEUE_TIMEOUT_MS = 1000;

/** The real machines in the model's world: one page, and the steps that the model knows. Each transition of a machine is noted. */
export class ModelWorld {
  readonly world: World;
  readonly #note: Note;
  readonly #wants = new Map<Incarnation, Set<Right>>();
  readonly #pins = new Map<Incarnation, Right>();
  readonly #asked = new Set<Incarnation>();
  readonly dying = new Set<Incarnation>();
  #written = 0;

  constructor(members: number, note: Note) {
    this.#note = note;
    this.world = new World(
      1,
      {
        agentEffect: (node, effect) => {
          if (effect.kind === 'permit') this.#permitted(node);
          if (effect.kind === 'fail') this.#wants.get(node.id)?.clear();
        },
      },
      { queueTimeoutMs: QUEUE_TIMEOUT_MS },
    );
    noteHome(this.world.home, note);
    for (let i = 0; i < members; i += 1) this.join();
  }

  join(): void {
    const node = this.world.join(this.world.nodes.size + 1);
    this.#wants.set(node.id, new Set());
    noteAgent(node.agent, this.#note);
  }

  /** True when somebody has used the page. */
  get begun(): boolean {
    return this.#asked.size > 0;
  }

  mayAccess(node: WorldNode, right: Right): boolean {
    return this.#wants.get(node.id)?.has(right) !== true && !allows(node.frame(PAGE).right, right);
  }

  access(node: WorldNode, right: Right): void {
    this.#asked.add(node.id);
    this.#wants.get(node.id)?.add(right);
    this.world.toAgent(node, { kind: 'fault', pages: [PAGE], right, deadline: NEVER });
  }

  mayEvict(node: WorldNode): boolean {
    const state = node.agent.stateOf(PAGE);
    return (state === 'readonly' || state === 'exclusive') && !this.#pins.has(node.id);
  }

  evict(node: WorldNode): void {
    this.world.toAgent(node, { kind: 'evict', pages: [PAGE] });
  }

  mayPin(node: WorldNode, right: Right): boolean {
    return !this.#pins.has(node.id) && allows(node.frame(PAGE).right, right);
  }

  pin(node: WorldNode, right: Right): void {
    this.#pins.set(node.id, right);
    this.world.toAgent(node, { kind: 'pin', page: PAGE, right });
  }

  isPinned(node: WorldNode): boolean {
    return this.#pins.has(node.id);
  }

  unpin(node: WorldNode): void {
    const right = this.#pins.get(node.id);
    if (right === undefined) throw new Error(`node ${node.id} has pinned nothing`);
    this.#pins.delete(node.id);
    this.world.toAgent(node, { kind: 'unpin', page: PAGE, right });
  }

  crash(node: WorldNode): void {
    this.world.crash(node.id);
    this.#pins.delete(node.id);
    this.dying.add(node.id);
  }

  declareLost(dead: Incarnation): void {
    this.dying.delete(dead);
    this.world.declareLost(dead);
  }

  /** It holds nothing, keeps nothing, waits for nothing, and has said all it had to say. */
  mayLeave(node: WorldNode): boolean {
    return node.agent.heldPages === 0 && this.#asked.has(node.id) && !this.world.isOnItsWay(node.id, HOME);
  }

  mayTrim(): boolean {
    return this.world.home.stateOf(PAGE) === 'shared' && this.world.home.status().storedBytes > 0;
  }

  trim(): void {
    this.world.toHome({ kind: 'trim', pages: [PAGE] });
  }

  mayTick(): boolean {
    return this.world.home.stateOf(PAGE) === 'busy';
  }

  /** Whoever waits for its turn has waited too long. */
  tick(): void {
    this.world.now = millis(this.world.now + QUEUE_TIMEOUT_MS);
    this.world.toHome({ kind: 'tick' });
  }

  node(n: number): WorldNode {
    return this.world.node(incarnation(n));
  }

  /** Every access that waits for the right is done at once; a write that finds the page readonly faults again. */
  #permitted(node: WorldNode): void {
    const wants = this.#wants.get(node.id);
    const frame = node.frame(PAGE);
    wants?.delete('readonly');
    if (wants?.has('exclusive') !== true) return;
    if (frame.right === 'exclusive') {
      wants.delete('exclusive');
      this.#written += 1;
      frame.value = this.#written;
    } else {
      this.world.toAgent(node, { kind: 'fault', pages: [PAGE], right: 'exclusive', deadline: NEVER });
    }
  }
}

const allows = (held: Right | 'none', right: Right): boolean => held === 'exclusive' || held === right;
