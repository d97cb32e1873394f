;; Takes all memory for the input, then wants it beyond the end.
(module
  (memory (export "memory") 1)
  (func (export "krako_alloc") (param i32) (result i32) (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (i32.shl (memory.size) (i32.const 16)))
  (func (export "krako_run") (param i32 i32) (result i64) (i64.const 0)))
