;; Returns an output of 4 GiB.
(module
  (memory (export "memory") 1)
  (func (export "krako_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "krako_run") (param i32 i32) (result i64) (i64.const 0x00000000ffffffff)))
