;; Grows a table without end. Traps once it is refused.
(module
  (import "hallpass:connector/host@0.1.0" "[resource-drop]invocation" (func $drop (param i32)))
  (memory (export "memory") 1)
  (table $t 1 funcref)
  (func (export "hallpass:connector/health@0.1.0#check") (param $inv i32) (result i32)
    (loop $again
      (br_if $again (i32.ne (table.grow $t (ref.null func) (i32.const 10000)) (i32.const -1))))
    unreachable
  )
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096)
  (func (export "hallpass:connector/grants@0.1.0#apply") (param i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hallpass:connector/grants@0.1.0#revoke") (param i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hallpass:connector/grants@0.1.0#observe") (param i32 i32) (result i32) unreachable)
)
