;; A start function that traps, with an _initialize that would not.
(module
  (memory (export "memory") 1)
  (func $start unreachable)
  (func (export "_initialize"))
  (func (export "krako_alloc") (param i32) (result i32) (i32.const 8))
  (func (export "krako_run") (param i32 i32) (result i64) (i64.const 0))
  (start $start))
