;; Wants the input at the end of the address space.
(module
  (memory (export "memory") 1)
  (func (export "krako_alloc") (param i32) (result i32) (i32.const -1))
  (func (export "krako_run") (param i32 i32) (result i64) (i64.const 0)))
