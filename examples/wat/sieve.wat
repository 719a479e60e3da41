;; A sieve of Eratosthenes over odd numbers, shared by any number of instances on one memory, which the host imports into each.
;;
;; memory:  0   i32  the next segment that nobody has taken
;;          4   i32  how many primes were found
;;          8   i32  the largest of them
;;          4096 …   one byte for each odd number: byte n stands for 2n + 1, and is 1 once that is known to be no prime
;;
;; A segment is 65536 bytes from a page boundary on: 16 pages, written by the one instance that took the segment. The numbers at the
;; start of the memory are on a page of their own and are touched a few times for each segment.
;;
;; Nothing here waits. memory.atomic.wait32 sleeps in the kernel of one machine, so a memory.atomic.notify at another node would not wake it:
;; instances meet at a barrier of their host instead. All other atomic instructions hold across machines as they are.
(module
  (import "team" "memory" (memory 1 65536 shared))

  (global $next i32 (i32.const 0))
  (global $found i32 (i32.const 4))
  (global $largest i32 (i32.const 8))
  (global $flags i32 (i32.const 4096))
  (global $segment i32 (i32.const 65536))

  ;; Strikes out the multiples of all primes up to the root of the last number of flags from to $to. Reads the primes from segment 0:
  ;; where that is what is being sieved, a prime is certain before it is used, because all smaller ones were.
  (func $strike (param $from i32) (param $to i32)
    (local $i i32) (local $prime i32) (local $square i32) (local $multiple i32)
    (local.set $i (i32.const 1))
    (block $done
      (loop $primes
        (local.set $prime (i32.add (i32.shl (local.get $i) (i32.const 1)) (i32.const 1)))
        ;; The flag of prime × prime: (prime² - 1) / 2 = 2i(i + 1).
        (local.set $square (i32.mul (i32.shl (local.get $i) (i32.const 1)) (i32.add (local.get $i) (i32.const 1))))
        (br_if $done (i32.ge_u (local.get $square) (local.get $to)))
        (if (i32.eqz (i32.load8_u (i32.add (global.get $flags) (local.get $i))))
          (then
            (local.set $multiple (call $first_multiple (local.get $square) (local.get $prime) (local.get $from)))
            (block $struck
              (loop $multiples
                (br_if $struck (i32.ge_u (local.get $multiple) (local.get $to)))
                (i32.store8 (i32.add (global.get $flags) (local.get $multiple)) (i32.const 1))
                (local.set $multiple (i32.add (local.get $multiple) (local.get $prime)))
                (br $multiples)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $primes))))

  ;; The first flag at or after $from that is $square plus a multiple of $prime.
  (func $first_multiple (param $square i32) (param $prime i32) (param $from i32) (result i32)
    (if (i32.ge_u (local.get $square) (local.get $from)) (then (return (local.get $square))))
    (i32.add (local.get $square)
      (i32.mul (local.get $prime)
        (i32.div_u
          (i32.sub (i32.add (i32.sub (local.get $from) (local.get $square)) (local.get $prime)) (i32.const 1))
          (local.get $prime)))))

  ;; Counts the primes among flags $from to $to and tells the others, once.
  (func $report (param $from i32) (param $to i32)
    (local $flag i32) (local $count i32) (local $last i32)
    (local.set $flag (local.get $from))
    (block $done
      (loop $flags_left
        (br_if $done (i32.ge_u (local.get $flag) (local.get $to)))
        (if (i32.eqz (i32.load8_u (i32.add (global.get $flags) (local.get $flag))))
          (then
            (local.set $count (i32.add (local.get $count) (i32.const 1)))
            (local.set $last (i32.add (i32.shl (local.get $flag) (i32.const 1)) (i32.const 1)))))
        (local.set $flag (i32.add (local.get $flag) (i32.const 1)))
        (br $flags_left)))
    (drop (i32.atomic.rmw.add (global.get $found) (local.get $count)))
    (call $raise_largest (local.get $last)))

  ;; Sets the largest prime to $value unless it is larger already.
  (func $raise_largest (param $value i32)
    (local $seen i32) (local $found i32)
    (local.set $seen (i32.atomic.load (global.get $largest)))
    (block $done
      (loop $again
        (br_if $done (i32.ge_u (local.get $seen) (local.get $value)))
        (local.set $found (i32.atomic.rmw.cmpxchg (global.get $largest) (local.get $seen) (local.get $value)))
        (br_if $done (i32.eq (local.get $found) (local.get $seen)))
        (local.set $seen (local.get $found))
        (br $again))))

  (func $smaller (param $a i32) (param $b i32) (result i32)
    (select (local.get $a) (local.get $b) (i32.lt_u (local.get $a) (local.get $b))))

  ;; For one instance, before all others: segment 0, which the others read their primes from.
  (func (export "sieve_first") (param $count i32)
    (local $to i32)
    (local.set $to (call $smaller (local.get $count) (global.get $segment)))
    ;; 1 is no prime.
    (i32.store8 (global.get $flags) (i32.const 1))
    (i32.atomic.store (global.get $next) (i32.const 1))
    ;; 2 is one, and has no flag.
    (i32.atomic.store (global.get $found) (i32.const 1))
    (i32.atomic.store (global.get $largest) (i32.const 2))
    (call $strike (i32.const 0) (local.get $to))
    (call $report (i32.const 0) (local.get $to)))

  ;; For all instances: takes segments until none is left. $count flags in all. Returns how many segments this one took.
  (func (export "sieve_rest") (param $count i32) (result i32)
    (local $from i32) (local $to i32) (local $taken i32)
    (block $done
      (loop $segments
        (local.set $from (i32.mul (i32.atomic.rmw.add (global.get $next) (i32.const 1)) (global.get $segment)))
        (br_if $done (i32.ge_u (local.get $from) (local.get $count)))
        (local.set $to (call $smaller (i32.add (local.get $from) (global.get $segment)) (local.get $count)))
        (call $strike (local.get $from) (local.get $to))
        (call $report (local.get $from) (local.get $to))
        (local.set $taken (i32.add (local.get $taken) (i32.const 1)))
        (br $segments)))
    (local.get $taken)))
