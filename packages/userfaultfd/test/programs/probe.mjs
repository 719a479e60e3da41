// Prints what probe() says, as JSON; `refuse` puts a seccomp filter in force first, which refuses the system call as container runtimes do.
import { createRequire } from 'node:module';

const [, , index, refuse] = process.argv;

function refuseUserfaultfd() {
  const koffi = createRequire(index)('koffi');
  const libc = koffi.load(null);
  const prctl = libc.func('int prctl(int option, ulong a, ulong b, ulong c, ulong d)');
  const memmove = libc.func('memmove', 'int64_t', ['void *', 'void *', 'size_t']);
  const number = process.arch === 'arm64' ? 282 : 323;
  const eperm = 1;
  // struct sock_filter: code, jump if true, jump if false, operand. Load the number; is it userfaultfd? EPERM : allowed.
  const program = new Uint32Array([0x20, 0, 0x15 | (1 << 24), number, 0x06, 0x50000 | eperm, 0x06, 0x7fff0000]);
  // struct sock_fprog: the number of instructions, and where they are.
  const header = new BigUint64Array([4n, BigInt(memmove(program, program, 0))]);
  const at = memmove(header, header, 0);
  const noNewPrivileges = prctl(38, 1, 0, 0, 0);
  const filter = prctl(22, 2, at, 0, 0);
  if (noNewPrivileges !== 0 || filter !== 0) throw new Error(`seccomp: errno ${koffi.errno()}`);
}

if (refuse) refuseUserfaultfd();
const { probe } = await import(index);
console.log(JSON.stringify(probe()));
