;; Recursion without end through a table.
(module
  (type $f (func (param i32)))
  (memory (export "memory") 1)
  (table funcref (elem $down))
  (func $down (param i32) (call_indirect (type $f) (local.get 0) (i32.const 0)))
  (func (export "_start") (call $down (i32.const 1))))
