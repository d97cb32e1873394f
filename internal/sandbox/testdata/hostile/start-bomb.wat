;; Takes memory before the first unit, as much as there is, and then some.
(module
  (memory (export "memory") 1)
  (func $start (local $at i32)
    (loop $more
      (local.set $at (i32.shl (memory.grow (i32.const 1)) (i32.const 16)))
      (if (i32.lt_s (local.get $at) (i32.const 0)) (then unreachable))
      (memory.fill (local.get $at) (i32.const 165) (i32.const 65536))
      (br $more)))
  (func (export "_start"))
  (start $start))
