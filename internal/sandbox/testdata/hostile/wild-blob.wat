;; Reads a blob into memory it does not have.
(module
  (import "krako" "blob_read" (func $read (param i32 i32 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "a")
  (func (export "_start")
    (drop (call $read (i32.const 0) (i32.const 1) (i64.const 0) (i32.const 65536) (i32.const 1)))))
