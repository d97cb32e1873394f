;; Starts with a GiB: within the profile, too much for most machines.
(module
  (memory (export "memory") 16384)
  (func (export "_start")))
