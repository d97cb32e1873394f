;; Bulk instructions on all its memory, for ever.
(module
  (memory (export "memory") 200)
  (func (export "_start")
    (loop $again
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 13107200))
      (memory.copy (i32.const 1) (i32.const 0) (i32.const 13107199))
      (br $again))))
