;; Writes 1,024 times nothing, for ever: much work for the host, little output.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1024) (i32.const 60000))) (br $again))))
