;; Declares a header injection as its media type.
(module
  (import "krako" "media_type" (func $media (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "text/html\0d\0aX-Evil: 1")
  (func (export "_start") (call $media (i32.const 0) (i32.const 20))))
