;; Fills a GiB that it was not given.
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (memory.grow (i32.const 16383)))
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x40000000))))
