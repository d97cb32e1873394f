;; Names a blob by 4 GiB of memory.
(module
  (import "krako" "blob_size" (func $size (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "_start") (drop (call $size (i32.const 1) (i32.const -1)))))
