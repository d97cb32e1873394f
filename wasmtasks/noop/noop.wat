;; The benchmark no-op: 1000 xorshift64 rounds from a fixed seed, 8 bytes to stdout,
;; exit 0. Assembled with wat2wasm from wabt 1.0.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $mix (param $n i32) (param $x i64) (result i64)
    (loop $l
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
      (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $l (i32.gt_s (local.get $n) (i32.const 0))))
    (local.get $x))
  (func (export "run") (param $seed i64) (result i64)
    (call $mix (i32.const 1000) (local.get $seed)))
  (func (export "_start")
    (i64.store (i32.const 64) (call $mix (i32.const 1000) (i64.const 0x9E3779B97F4A7C15)))
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 8))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
    (call $proc_exit (i32.const 0))))
