;; A reactor in all but one thing: it asks for a host call that profile det-1
;; does not have.
(module
  (import "env" "now" (func $now (result i64)))
  (memory (export "memory") 1)
  (func (export "krako_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "krako_run") (param i32 i32) (result i64) (call $now)))
