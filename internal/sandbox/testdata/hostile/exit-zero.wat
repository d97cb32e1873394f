;; A reactor that exits successfully instead of returning an output.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "krako_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "krako_run") (param i32 i32) (result i64) (call $exit (i32.const 0)) (i64.const 0)))
