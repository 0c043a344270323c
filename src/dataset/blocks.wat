;; Averages over square blocks of pixels, and the range of the pixels, four at a time.
;; Built by `npx --package wabt wat2wasm blocks.wat`; the bytes stand in blocks.ts.
(module
  (memory (export "memory") 1)

  ;; Averages (rows x columns) blocks of side x side float32 pixels from address 0, with rows of
  ;; columns x side pixels and side a multiple of 4. From $out on it writes the float64 averages,
  ;; then four float32 of which the least is the least pixel, then four of the largest. A block is
  ;; summed line by line in registers: its rows are in the processor's cache already.
  (func (export "average") (param $rows i32) (param $columns i32) (param $side i32) (param $out i32)
    (local $row i32) (local $column i32) (local $line i32) (local $at i32) (local $end i32)
    (local $block i32) (local $bytes i32) (local $pitch i32) (local $rest i32)
    (local $pixels v128) (local $sum v128) (local $low v128) (local $high v128) (local $share f64)
    (local.set $bytes (i32.shl (local.get $side) (i32.const 2)))
    (local.set $pitch (i32.mul (local.get $bytes) (local.get $columns)))
    (local.set $rest (i32.sub (local.get $pitch) (local.get $bytes)))
    (local.set $share (f64.div (f64.const 1) (f64.convert_i32_u (i32.mul (local.get $side) (local.get $side)))))
    (local.set $low (f32x4.splat (f32.const inf)))
    (local.set $high (f32x4.splat (f32.const -inf)))
    (loop $rows
      (local.set $column (i32.const 0))
      (loop $columns
        (local.set $at (local.get $block))
        (local.set $sum (v128.const i64x2 0 0))
        (local.set $line (local.get $side))
        (loop $lines
          (local.set $end (i32.add (local.get $at) (local.get $bytes)))
          (loop $pixels
            (local.set $pixels (v128.load (local.get $at)))
            (local.set $low (f32x4.pmin (local.get $low) (local.get $pixels)))
            (local.set $high (f32x4.pmax (local.get $high) (local.get $pixels)))
            (local.set $sum
              (f64x2.add (local.get $sum)
                (f64x2.add
                  (f64x2.promote_low_f32x4 (local.get $pixels))
                  (f64x2.promote_low_f32x4
                    (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15
                      (local.get $pixels) (local.get $pixels))))))
            (br_if $pixels (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
          (local.set $at (i32.add (local.get $at) (local.get $rest)))
          (br_if $lines (local.tee $line (i32.sub (local.get $line) (i32.const 1)))))
        (f64.store (local.get $out)
          (f64.mul (local.get $share)
            (f64.add
              (f64x2.extract_lane 0 (local.get $sum))
              (f64x2.extract_lane 1 (local.get $sum)))))
        (local.set $out (i32.add (local.get $out) (i32.const 8)))
        (local.set $block (i32.add (local.get $block) (local.get $bytes)))
        (br_if $columns
          (i32.lt_u (local.tee $column (i32.add (local.get $column) (i32.const 1))) (local.get $columns))))
      (local.set $block
        (i32.add (local.get $block) (i32.mul (local.get $pitch) (i32.sub (local.get $side) (i32.const 1)))))
      (br_if $rows (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const 1))) (local.get $rows))))
    (v128.store (local.get $out) (local.get $low))
    (v128.store offset=16 (local.get $out) (local.get $high))))
