;; A command that checks what other guests of the suite compute: the last digit of
;; the output must be the last digit of the input. What it reads is
;; {"input":…,"media_type":…,"output":…}, and the only underscore of that is the one
;; of media_type.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "{\"valid\":true}")
  (data (i32.const 128) "{\"reason\":\"the last digit is another\",\"valid\":false}")
  ;; An iovec stands at 0, a count at 8, the bytes that were read from 1024 on.
  (func $say (param $at i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $len))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start") (local $i i32) (local $n i32) (local $byte i32) (local $last i32) (local $want i32)
    (local.set $want (i32.const -1))
    (block $end
      (loop $more
        (i32.store (i32.const 0) (i32.const 1024))
        (i32.store (i32.const 4) (i32.const 4096))
        (br_if $end (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (local.set $n (i32.load (i32.const 8)))
        (br_if $end (i32.eqz (local.get $n)))
        (local.set $i (i32.const 0))
        (loop $next
          (local.set $byte (i32.load8_u (i32.add (i32.const 1024) (local.get $i))))
          (if (i32.and (i32.eq (local.get $byte) (i32.const 95)) (i32.eq (local.get $want) (i32.const -1)))
            (then (local.set $want (local.get $last))))
          (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 48)) (i32.const 10))
            (then (local.set $last (local.get $byte))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
        (br $more)))
    (if (i32.eq (local.get $last) (local.get $want))
      (then (call $say (i32.const 64) (i32.const 14)))
      (else (call $say (i32.const 128) (i32.const 52))))))
