;; Grows as many memories as it may have, each to what one alone could hold. What it gets must fit the bound of one call.
(module
  (import "hallpass:connector/host@0.1.0" "[resource-drop]invocation" (func $drop (param i32)))
  (memory (export "memory") 1)
  (memory $a 1) (memory $b 1) (memory $c 1)
  (func (export "hallpass:connector/health@0.1.0#check") (param $inv i32) (result i32)
    (if (i32.and
          (i32.ne (memory.grow $a (i32.const 600)) (i32.const -1))
          (i32.and
            (i32.ne (memory.grow $b (i32.const 600)) (i32.const -1))
            (i32.ne (memory.grow $c (i32.const 600)) (i32.const -1))))
      (then
        (i32.store8 (i32.const 1024) (i32.const 0))
        (call $drop (local.get $inv))
        (return (i32.const 1024))))
    unreachable
  )
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096)
  (func (export "hallpass:connector/grants@0.1.0#apply") (param i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hallpass:connector/grants@0.1.0#revoke") (param i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hallpass:connector/grants@0.1.0#observe") (param i32 i32) (result i32) unreachable)
)
