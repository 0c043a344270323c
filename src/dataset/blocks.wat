;; Averages over square blocks of pixels, and the range of the pixels, four at a time.
;; Built by `npx --package wabt wat2wasm blocks.wat`; the bytes stand in blocks.ts.
(module
  (memory (export "memory") 1)

  ;; Averages (rows x columns) blocks of side x side float32 pixels from address 0, with rows of
  ;; columns x side pixels and side a multiple of 4. From $out on it writes the float64 averages,
  ;; then four float32 of which the least is the least pixel, then four of the largest, and after
  ;; these it keeps the sums of a row of blocks (16 bytes a block). Pixels are met in the order in
  ;; which they stand, so that the memory is read straight on.
  (func (export "average") (param $rows i32) (param $columns i32) (param $side i32) (param $out i32)
    (local $row i32) (local $line i32) (local $at i32) (local $end i32) (local $sums i32)
    (local $block i32) (local $last i32) (local $bytes i32)
    (local $pixels v128) (local $sum v128) (local $low v128) (local $high v128) (local $share f64)
    (local.set $bytes (i32.shl (local.get $side) (i32.const 2)))
    (local.set $share (f64.div (f64.const 1) (f64.convert_i32_u (i32.mul (local.get $side) (local.get $side)))))
    (local.set $low (f32x4.splat (f32.const inf)))
    (local.set $high (f32x4.splat (f32.const -inf)))
    (local.set $sums
      (i32.add (i32.add (local.get $out) (i32.const 32))
        (i32.shl (i32.mul (local.get $rows) (local.get $columns)) (i32.const 3))))
    (local.set $last (i32.add (local.get $sums) (i32.shl (local.get $columns) (i32.const 4))))
    (loop $rows
      (memory.fill (local.get $sums) (i32.const 0) (i32.shl (local.get $columns) (i32.const 4)))
      (local.set $line (i32.const 0))
      (loop $lines
        (local.set $block (local.get $sums))
        (loop $blocks
          (local.set $sum (v128.load (local.get $block)))
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
          (v128.store (local.get $block) (local.get $sum))
          (br_if $blocks
            (i32.lt_u (local.tee $block (i32.add (local.get $block) (i32.const 16))) (local.get $last))))
        (br_if $lines (i32.lt_u (local.tee $line (i32.add (local.get $line) (i32.const 1))) (local.get $side))))
      (local.set $block (local.get $sums))
      (loop $averages
        (f64.store (local.get $out)
          (f64.mul (local.get $share)
            (f64.add (f64.load (local.get $block)) (f64.load offset=8 (local.get $block)))))
        (local.set $out (i32.add (local.get $out) (i32.const 8)))
        (br_if $averages
          (i32.lt_u (local.tee $block (i32.add (local.get $block) (i32.const 16))) (local.get $last))))
      (br_if $rows (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const 1))) (local.get $rows))))
    (v128.store (local.get $out) (local.get $low))
    (v128.store offset=16 (local.get $out) (local.get $high))))
