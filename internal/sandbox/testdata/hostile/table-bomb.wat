;; Grows tables for ever; they are not part of the memory limit.
(module
  (memory (export "memory") 1)
  (table $a 1 externref) (table $b 1 externref) (table $c 1 funcref) (table $d 1 funcref)
  (table $e 1 externref) (table $f 1 externref) (table $g 1 funcref) (table $h 1 funcref)
  (func (export "_start")
    (loop $again
      (drop (table.grow $a (ref.null extern) (i32.const 4096)))
      (drop (table.grow $b (ref.null extern) (i32.const 4096)))
      (drop (table.grow $c (ref.null func) (i32.const 4096)))
      (drop (table.grow $d (ref.null func) (i32.const 4096)))
      (drop (table.grow $e (ref.null extern) (i32.const 4096)))
      (drop (table.grow $f (ref.null extern) (i32.const 4096)))
      (drop (table.grow $g (ref.null func) (i32.const 4096)))
      (drop (table.grow $h (ref.null func) (i32.const 4096)))
      (br $again))))
