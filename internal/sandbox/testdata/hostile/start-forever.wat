;; A start function that never ends.
(module
  (memory (export "memory") 1)
  (func $start (loop (br 0)))
  (func (export "_start"))
  (start $start))
