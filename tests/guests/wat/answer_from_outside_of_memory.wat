;; Says that its answer lies outside of its memory.
(module
  (import "hallpass:connector/host@0.1.0" "[resource-drop]invocation" (func $drop (param i32)))
  (memory (export "memory") 1)
  (func (export "hallpass:connector/health@0.1.0#check") (param $inv i32) (result i32)
    (call $drop (local.get $inv))
    (i32.const 0xfffffff0)
  )
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096)
  (func (export "hallpass:connector/grants@0.1.0#apply") (param i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hallpass:connector/grants@0.1.0#revoke") (param i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hallpass:connector/grants@0.1.0#observe") (param i32 i32) (result i32) unreachable)
)
