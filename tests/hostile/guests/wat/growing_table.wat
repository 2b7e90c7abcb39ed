;; Grows its function table until nothing more is given, and fails if it is given too much.
(module
  (memory (export "memory") 1)
  (table $growing 0 funcref)
  (global $heap (mut i32) (i32.const 32768))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap
      (i32.and (i32.add (i32.add (global.get $heap) (local.get 3)) (i32.const 15)) (i32.const -16)))
    (local.get $at))
  (func (export "forebay:connector/connector@0.1.0#describe") (result i32) (i32.const 1024))
  (func (export "forebay:connector/connector@0.1.0#check") (result i32) unreachable)
  (func (export "test:hostile/deed@0.1.0#act") (param i32 i32) (result i32)
    (loop
      (br_if 0
        (i32.ne (table.grow $growing (ref.null func) (i32.const 1000)) (i32.const -1))))
    unreachable)
  ;; connector-info: five texts, then seven empty lists.
  (data (i32.const 1024)
    "\00\08\00\00\0d\00\00\00"
    "\20\08\00\00\05\00\00\00"
    "\40\08\00\00\01\00\00\00"
    "\40\08\00\00\01\00\00\00"
    "\60\08\00\00\02\00\00\00")
  (data (i32.const 2048) "growing-table")
  (data (i32.const 2080) "1.0.0")
  (data (i32.const 2112) "-")
  (data (i32.const 2144) "{}"))
