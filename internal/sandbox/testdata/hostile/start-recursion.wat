;; A start function that calls itself for ever.
(module
  (memory (export "memory") 1)
  (func $start (call $start))
  (func (export "_start"))
  (start $start))
