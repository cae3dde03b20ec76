//! Every kernel equals the portable one bit for bit, and the portable one equals arithmetic.

use proptest::prelude::*;

use super::*;
use crate::Matrix;
use crate::gguf::Quantized;
use crate::packed::Grid;
use crate::weight::{HalfKind, Mapped};

fn random(count: usize, rng: &mut record::Rng) -> Vec<f32> {
    (0..count).map(|_| (rng.uniform() as f32 - 0.5) * 4.0).collect()
}

/// Lengths of rows at and around registers, groups and blocks, and of rows that are read in other ways as they are long.
fn sizes() -> Vec<usize> {
    let block = portable::BLOCK;
    let short =
        [1, 7, 15, 16, 17, 31, 32, 33, 48, 64, 100, 127, 128, 160, 256, block - 1, block, block + 16, block + 31];
    [&short[..], &[1100, 3600, 4112, 5500]].concat()
}

/// A random weight `[n, k]` of a kind, in groups of so many where it has some.
fn held(
    kind: usize,
    (n, k, size): (usize, usize, usize),
    (zeros, half): (bool, bool),
    rng: &mut record::Rng,
) -> Weight {
    let packed = |bits: u32, rng: &mut record::Rng| {
        let (groups, middle) = (k.div_ceil(size), 1i32 << (bits - 1));
        let integers: Vec<i8> = (0..n * k).map(|_| (rng.below(1 << bits) as i32 - middle) as i8).collect();
        let zeros = zeros.then(|| (0..n * groups).map(|_| rng.below(15) as i8 - 7).collect());
        let scales = random(n * groups, rng);
        Weight::Packed(Packed::new(
            n,
            k,
            bits,
            &integers,
            Grid { groups, group_size: size, scales, zeros, half, group_of: None },
        ))
    };
    match kind {
        0 => Weight::F32(Matrix::new(n, k, random(n * k, rng))),
        1 => Weight::half(HalfKind::Bf16, &Matrix::new(n, k, random(n * k, rng))),
        2 => Weight::half(HalfKind::F16, &Matrix::new(n, k, random(n * k, rng))),
        3 => packed(3, rng),
        4..6 => packed(8, rng),
        6..9 => packed(4, rng),
        9 => blocks(Kind::Q4_1, (n, k), rng),
        10 => blocks(Kind::IQ4_NL, (n, k), rng),
        11 => blocks(Kind::Q4_K, (n, k), rng),
        12 => blocks(Kind::Q6_K, (n, k), rng),
        13 => blocks(Kind::Q5_K, (n, k), rng),
        14 => blocks(Kind::MXFP4, (n, k), rng),
        15 => float8((n, k), (1, k), rng),
        16 => float8((n, k), (3, size), rng),
        17 => mapped((n, k), rng),
        18 => blocks(Kind::Q2_K, (n, k), rng),
        19 => blocks(Kind::Q3_K, (n, k), rng),
        20 => blocks(Kind::Q5_0, (n, k), rng),
        21 => blocks(Kind::Q5_1, (n, k), rng),
        _ => blocks(Kind::IQ4_XS, (n, k), rng),
    }
}

/// Kinds of [`held`].
const KINDS: usize = 23;

/// Kinds of blocks that are multiplied by whole numbers, and the numbers of a group.
const BLOCKS: [(Kind, usize); 9] = [
    (Kind::Q4_0, 32),
    (Kind::Q4_1, 32),
    (Kind::Q5_0, 32),
    (Kind::Q5_1, 32),
    (Kind::Q8_0, 32),
    (Kind::Q3_K, 16),
    (Kind::Q4_K, 32),
    (Kind::Q5_K, 32),
    (Kind::Q6_K, 16),
];

/// Random numbers `[n, k]` as a file holds them.
fn mapped((n, k): (usize, usize), rng: &mut record::Rng) -> Weight {
    let bytes: Vec<u8> = random(n * k, rng).into_iter().flat_map(f32::to_le_bytes).collect();
    Mapped::of((n, k), &bytes.into()).map(Weight::Mapped).expect("a place for floats")
}

/// Random 8-bit floats `[n, k]`, every code among them, with a scale for each block.
fn float8((rows, cols): (usize, usize), block: (usize, usize), rng: &mut record::Rng) -> Weight {
    let code = |_| {
        let code = rng.below(256) as u8;
        if code & 0x7F == 0x7F { 0x38 } else { code }
    };
    let bytes: Vec<u8> = (0..rows * cols).map(code).collect();
    let scales = random(rows.div_ceil(block.0) * cols.div_ceil(block.1), rng);
    Weight::Fp8(Fp8 { rows, cols, bytes: bytes.into(), block, scales })
}

/// A random weight of `n` rows of blocks, about `k` values each.
fn blocks(kind: Kind, (rows, k): (usize, usize), rng: &mut record::Rng) -> Weight {
    let cols = k.next_multiple_of(kind.block_values());
    let mut bytes: Vec<u8> =
        (0..rows * cols / kind.block_values() * kind.block_bytes()).map(|_| rng.below(256) as u8).collect();
    for block in bytes.chunks_exact_mut(kind.block_bytes()) {
        if kind == Kind::MXFP4 {
            // An exponent: no infinite number either.
            block[0] = 100 + block[0] % 50;
            continue;
        }
        // The high bytes of f16 scales: no infinite number.
        [1, 3, 53, 65, 81, 83, 109, 209].into_iter().for_each(|at| {
            if let Some(byte) = block.get_mut(at) {
                *byte &= 0xBF
            }
        });
    }
    Weight::Quantized(Quantized { kind, rows, cols, bytes: bytes.into() })
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

#[test]
fn a_dot_by_hand() {
    let x: Vec<f32> = (1..=10).map(|v| v as f32).collect();
    assert_eq!(portable::dot(&x, &x), 385.0);
}

#[test]
fn numbers_are_rounded_to_bfloat16_and_what_is_none_stays_none() {
    let mut rng = record::Rng::new(9);
    let any: Vec<f32> = (0..10_000).map(|_| f32::from_bits(rng.below(1 << 32) as u32)).collect();
    let named = [
        0.0,
        -0.0,
        1.0,
        1.003_906_3,
        1.011_718_8,
        f32::MAX,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::from_bits(0x7F80_0001),
    ];
    let (tiny, least) = (pairs::LEAST_INPUT.next_down(), pairs::LEAST_INPUT);
    let all = [&any[..], &named, &[tiny, -tiny, least, -least]].concat();
    let (mut ours, mut plain) = (vec![0; all.len()], vec![7; all.len()]);
    round_to_bf16(&all, &mut ours);
    portable::round_to_bf16(&all, &mut plain);
    assert_eq!(ours, plain);
    for (&x, &got) in all.iter().zip(&ours) {
        let (want, got) =
            (if x.abs() < least { half::bf16::ZERO } else { half::bf16::from_f32(x) }, half::bf16::from_bits(got));
        assert!(got.to_bits() == want.to_bits() || x.is_nan() && got.is_nan(), "{x}: {got} and {want}");
    }
}

#[test]
fn weights_with_numbers_near_zero_are_no_pairs() {
    let taken = |number: f32, cols: usize| {
        let mut all = Matrix::new(3, cols, vec![1.0; 3 * cols]);
        all.data[2 * cols + 5] = number;
        let Weight::Half(half) = Weight::half(HalfKind::Bf16, &all) else { panic!("16 bits") };
        takes_pairs(&half)
    };
    let least = 2f32.powi(-64);
    assert!([0.0, -0.0, least, -least, 1e30].iter().all(|&number| taken(number, 64)));
    assert!([least * 0.99, -least * 0.5, 1e-39, -f32::MIN_POSITIVE].iter().all(|&number| !taken(number, 64)));
    assert!(!taken(1.0, 48), "no whole number of turns");
}

#[test]
fn what_is_no_number_has_no_part_in_an_extent() {
    for at in 0..37 {
        let mut values: Vec<f32> = (0..37).map(|at| ((at * 7) % 37) as f32 - 20.0).collect();
        values[at] = f32::NAN;
        values[(at + 1) % 37] = -21.0;
        values[(at + 16) % 37] = 40.0;
        assert_eq!(extent(&values), (-21.0, 40.0));
        assert_eq!(portable::extent(&values), (-21.0, 40.0));
    }
    assert_eq!(extent(&[]), (f32::INFINITY, f32::NEG_INFINITY));
}

#[test]
fn blocks_are_widened_as_the_portable_code_does() {
    let mut rng = record::Rng::new(11);
    for kind in Kind::all().filter(|kind| kind.block_values() > 1) {
        let Weight::Quantized(w) = blocks(kind, (40, 512), &mut rng) else { panic!("no blocks of {}", kind.name()) };
        let [mut ours, mut plain] = [vec![7.0; w.rows * w.cols], vec![8.0; w.rows * w.cols]];
        widen_blocks(kind, &w.bytes, &mut ours);
        portable::widen_blocks(kind, &w.bytes, &mut plain);
        assert!(bits(&ours) == bits(&plain), "{}", kind.name());
    }
}

#[test]
fn exp_is_close_everywhere() {
    for step in -8660..8800 {
        let x = step as f32 / 100.0;
        let (got, want) = (f64::from(portable::exp(x)), f64::from(x).exp());
        assert!((got - want).abs() <= 3e-7 * want, "e^{x}: {got} and {want}");
    }
    assert!(portable::exp(-1000.0) < 1e-37);
}

#[test]
fn softmax_sums_to_one() {
    let mut row = vec![1.0, 2.0, 3.0, -50.0, 0.0, 1.0, 1.0, 1.0, 9.0, 8.5];
    softmax(&mut row);
    assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    assert!(row[8] > row[9] && row[3] < 1e-20);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_kernel_equals_the_portable_one(m in 1usize..11, n in 1usize..30, k in 1usize..70, seed: u64) {
        let mut rng = record::Rng::new(seed);
        let (x, w) = (random(m * k, &mut rng), random(n * k, &mut rng));
        let (mut a, mut b) = (vec![0.0; m * n], vec![0.0; m * n]);
        rows_by_rows(&x, &w, k, &mut a, n);
        portable::rows_by_rows(&x, &w, k, &mut b, n);
        prop_assert_eq!(bits(&a), bits(&b));

        let half = Weight::half(HalfKind::Bf16, &Matrix::new(n, k, w));
        rows_by_held(&x, &half, 0..n, &mut Vec::new(), &mut a, n);
        portable::rows_by_held(&x, &half, 0..n, &mut b, n);
        prop_assert_eq!(bits(&a), bits(&b));
        let wide = half.to_f32();
        portable::rows_by_rows(&x, &wide.data, k, &mut b, n);
        prop_assert_eq!(bits(&a), bits(&b));
    }

    #[test]
    fn tiles_equal_one_product_after_the_other(
        kind in 0..KINDS, size in prop::sample::select(vec![8usize, 48, 4000]), (m, n) in (1usize..6, 1usize..14),
        k in prop::sample::select(sizes()), zeros: bool, seed: u64,
    ) {
        let mut rng = record::Rng::new(seed);
        let w = held(kind, (n, k, size), (zeros, false), &mut rng);
        let k = w.shape().1;
        let (x, stride, rows) = (random(m * k, &mut rng), n + 3, n / 3..n);
        let (mut plain, mut ours) = (vec![7.0; m * stride], vec![7.0; m * stride]);
        portable::rows_by_held(&x, &w, rows.clone(), &mut plain, stride);
        tiles::rows_by_held(&x, &w, rows, &mut vec![1.0; 3], &mut ours, stride);
        prop_assert!(bits(&ours) == bits(&plain), "{}", w.kind());
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn each_instruction_set_equals_the_portable_one(m in 1usize..41, n in 1usize..30, k in 1usize..150, seed: u64) {
        let mut rng = record::Rng::new(seed);
        let (x, mut w) = (random(m * k, &mut rng), random(n * k, &mut rng));
        w.iter_mut().step_by(3).for_each(|w| *w = -1e-45);
        let stride = n + 3;
        let mut plain = vec![7.0; m * stride];
        portable::rows_by_rows(&x, &w, k, &mut plain, stride);
        let mut ours = vec![7.0; m * stride];
        if level() >= Level::Avx2 {
            // SAFETY: the processor has AVX2, FMA and F16C.
            unsafe { avx2::rows_by_rows(&x, &w, k, &mut ours, stride) };
            prop_assert_eq!(bits(&ours), bits(&plain));
        }
        ours.fill(7.0);
        if level() >= Level::Avx512 {
            // SAFETY: the processor has AVX-512.
            unsafe { avx512::rows_by_rows(&x, &w, k, &mut ours, stride) };
            prop_assert_eq!(bits(&ours), bits(&plain));
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn each_instruction_set_multiplies_each_kind_like_the_portable_one(
        kind in 0..KINDS, size in prop::sample::select(vec![8usize, 16, 32, 48, 128, 4000]),
        (m, n) in (1usize..20, 1usize..14), k in prop::sample::select(sizes()), zeros: bool, half: bool, seed: u64,
    ) {
        let mut rng = record::Rng::new(seed);
        let w = held(kind, (n, k, size), (zeros, half), &mut rng);
        let k = w.shape().1;
        let (x, stride, rows) = (random(m * k, &mut rng), n + 3, n / 3..n);
        let mut plain = vec![7.0; m * stride];
        portable::rows_by_held(&x, &w, rows.clone(), &mut plain, stride);
        let mut ours = vec![7.0; m * stride];
        if level() >= Level::Avx2 {
            // SAFETY: the processor has AVX2, FMA and F16C.
            unsafe { avx2::rows_by_held(&x, &w, rows.clone(), &mut vec![1.0; 3], &mut ours, stride) };
            prop_assert!(bits(&ours) == bits(&plain), "AVX2, {}", w.kind());
        }
        ours.fill(7.0);
        if level() >= Level::Avx512 {
            // SAFETY: the processor has AVX-512.
            let done = unsafe { avx512::rows_by_held(&x, &w, rows.clone(), &mut vec![1.0; 3], &mut ours, stride) };
            prop_assert!(!done || bits(&ours) == bits(&plain), "AVX-512, {}", w.kind());
        }
        rows_by_held(&x, &w, rows, &mut vec![1.0; 3], &mut ours, stride);
        prop_assert!(bits(&ours) == bits(&plain), "{}", w.kind());
    }

    #[test]
    fn packed_kernels_equal_widening(
        bits in prop::sample::select(vec![2u32, 3, 4, 8]), size in prop::sample::select(vec![4usize, 8, 16, 24, 32, 1000]),
        (m, n, k) in (1usize..9, 1usize..20, 1usize..150), zeros: bool, half: bool, seed: u64,
    ) {
        let mut rng = record::Rng::new(seed);
        let groups = k.div_ceil(size);
        let middle = 1i32 << (bits - 1);
        let integers: Vec<i8> = (0..n * k).map(|_| (rng.below(1 << bits) as i32 - middle) as i8).collect();
        let zeros = zeros.then(|| (0..n * groups).map(|_| rng.below(7) as i8 - 3).collect());
        let grid = Grid { groups, group_size: size, scales: random(n * groups, &mut rng), zeros, half, group_of: None };
        let packed = Packed::new(n, k, bits, &integers, grid);
        let x = random(m * k, &mut rng);
        let (mut ours, mut plain) = (vec![0.0; m * n], vec![0.0; m * n]);
        let held = Weight::Packed(packed.clone());
        rows_by_held(&x, &held, 0..n, &mut Vec::new(), &mut ours, n);
        portable::rows_by_held(&x, &held, 0..n, &mut plain, n);
        prop_assert_eq!(super::tests::bits(&ours), super::tests::bits(&plain));
        let mut row = vec![0.0; k];
        widen_packed(&packed, n - 1, &mut row);
        prop_assert_eq!(super::tests::bits(&row), super::tests::bits(packed.to_f32().row(n - 1)));
        let wide = matmul(&Matrix::new(m, k, x), &Weight::F32(packed.to_f32()));
        prop_assert_eq!(super::tests::bits(&ours), super::tests::bits(&wide.data));
    }

    #[test]
    fn products_of_whole_numbers_equal_their_definition(
        kind in 0usize..12, (m, n) in (1usize..40, 1usize..40), units in 1usize..20, zeros: bool, seed: u64,
        group in prop::sample::select(vec![16usize, 32, 128, 10_000]), run in prop::sample::select(vec![32usize, 64, 10_000]),
    ) {
        let mut rng = record::Rng::new(seed);
        // The ends often, where sums are largest.
        let drawn = |low: i32, high: i32, rng: &mut record::Rng| match rng.below(4) {
            0 => low,
            1 => high,
            _ => low + rng.below((high - low + 1) as usize) as i32,
        };
        let (k, group, run, strips, numbers) = match BLOCKS.get(kind) {
            Some(&(of, group)) => {
                let (Weight::Quantized(blocks), run) = (blocks(of, (n, units * 32), &mut rng), of.block_values()) else {
                    panic!("blocks")
                };
                let k = blocks.cols;
                let mut numbers = vec![(0, 0.0, 0.0); n * k];
                numbers.chunks_exact_mut(k).enumerate().for_each(|(row, numbers)| blocks.numbers(row, numbers));
                let numbers: Vec<_> = numbers.into_iter().map(|(q, s, o)| (i64::from(q), s, o)).collect();
                (k, group, run, crate::Strips::of_blocks(&blocks, run), numbers)
            }
            None => {
                let (bits, k) = (if kind % 2 == 0 { 8 } else { 4 }, units * 32);
                let (group, run) = (group.min(k), run.min(k));
                let (groups, middle) = (k.div_ceil(group), 1i32 << (bits - 1));
                let integers: Vec<i8> = (0..n * k).map(|_| drawn(-middle, middle - 1, &mut rng) as i8).collect();
                let zeros: Option<Vec<i8>> =
                    zeros.then(|| (0..n * groups).map(|_| drawn(-7, 7, &mut rng) as i8).collect());
                let mut scales = random(n * groups, &mut rng);
                if run == 32 {
                    // As GGUF files hold them.
                    scales.iter_mut().for_each(|scale| *scale = half::f16::from_f32(*scale).to_f32());
                }
                let number = |at: usize| {
                    let of = at / k * groups + at % k / group;
                    let zero = zeros.as_ref().map_or(0, |zeros| i64::from(zeros[of]));
                    (i64::from(integers[at]) - zero, scales[of], 0.0)
                };
                let numbers = (0..n * k).map(number).collect();
                let grid = Grid { groups, group_size: group, scales: scales.clone(), zeros: zeros.clone(), half: false, group_of: None };
                (k, group, run, crate::Strips::of(&Packed::new(n, k, bits, &integers, grid), run), numbers)
            }
        };
        let strips = strips.expect("runs and groups that do not cross");
        let runs = k.div_ceil(run);
        let codes: Vec<i8> = (0..m * k).map(|_| drawn(-128, 127, &mut rng) as i8).collect();
        let steps = zeros.then(|| random(m * runs, &mut rng));
        let x = Whole { k, codes, run, scales: random(m * runs, &mut rng), steps };
        let mut y = Matrix::new(m, n, vec![7.0; m * n]);
        rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap().install(|| whole_product(&x, &strips, &mut y));
        let size = group.min(run);
        for (row, col) in (0..m * n).map(|at| (at / n, at % n)) {
            let mut want = 0.0f32;
            for from in (0..k).step_by(size) {
                let (range, factor) = (from..k.min(from + size), x.scales[row * runs + from / run]);
                let codes = &x.codes[row * k..][range.clone()];
                let (_, scale, offset) = numbers[col * k + from];
                let sum: i64 = codes.iter().zip(&numbers[col * k..][range]).map(|(&x, w)| i64::from(x) * w.0).sum();
                want = (sum as f32).mul_add(scale * factor, want);
                if offset.to_bits() << 1 != 0 {
                    let sum: i64 = codes.iter().map(|&code| i64::from(code)).sum();
                    let total = match &x.steps {
                        Some(steps) => half::f16::from_f32(sum as f32 * steps[row * runs + from / run]).to_f32(),
                        None => sum as f32 * factor,
                    };
                    want = total.mul_add(offset, want);
                }
            }
            prop_assert_eq!(y.row(row)[col], want);
        }
        let inputs = whole::Inputs::of(&x, &strips);
        for (count, strip) in [(m.min(12), 0), (1, n.div_ceil(16) - 1)] {
            let mut plain = vec![[7.0; 16]; count];
            whole::portable(&inputs, m - count, &strips, strip, &mut plain);
            for (at, dots) in plain.iter().enumerate() {
                let some = &y.row(m - count + at)[strip * 16..n.min((strip + 1) * 16)];
                prop_assert_eq!(super::tests::bits(&dots[..some.len()]), super::tests::bits(some));
            }
            #[cfg(target_arch = "x86_64")]
            if level() >= Level::Avx2 {
                let mut ours = vec![[7.0; 16]; count];
                // SAFETY: the processor has AVX2, FMA and F16C.
                unsafe { avx2::whole::by_strip(&inputs, m - count, &strips, strip, &mut ours) };
                prop_assert_eq!(super::tests::bits(ours.as_flattened()), super::tests::bits(plain.as_flattened()));
            }
        }
    }

    #[test]
    fn products_of_bfloat16_numbers_equal_their_definition(
        (m, n) in (1usize..60, 1usize..40), units in prop::sample::select(vec![1usize, 2, 5, 15, 16, 17, 33, 70, 140]), wild: bool, seed: u64,
    ) {
        let (mut rng, k) = (record::Rng::new(seed), units * 32);
        // Wild ones are of all sizes that are taken, zeros among them.
        let number = |least: i32, rng: &mut record::Rng| match (wild, rng.below(16)) {
            (true, 0) => 0.0,
            (true, _) => (rng.uniform() as f32 + 1.0) * 2f32.powi(least + rng.below(100) as i32) * [1.0, -1.0][rng.below(2)],
            _ => (rng.uniform() as f32 - 0.5) * 4.0,
        };
        let w: Vec<f32> = (0..n * k).map(|_| number(-64, &mut rng)).collect();
        let x = Matrix::new(m, k, (0..m * k).map(|_| number(-50, &mut rng)).collect());
        let Weight::Half(w) = Weight::half(HalfKind::Bf16, &Matrix::new(n, k, w)) else { panic!("16 bits") };
        prop_assert!(takes_pairs(&w));
        let pairs = Pairs::of(&x);
        let mut y = Matrix::zeros(m, n);
        rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap().install(|| product_of_pairs(&pairs, &w, &mut y));

        let rounded = crate::Activation::Bf16.round(&x);
        let turn = |row: &[f32]| -> Vec<f32> {
            row.chunks(32).flat_map(|some| [1, 0].map(|from| some[from..].iter().step_by(2).copied().collect::<Vec<_>>())).flatten().collect()
        };
        let x: Vec<Vec<f32>> = (0..m).map(|row| turn(rounded.row(row))).collect();
        let mut wide = vec![0.0; k];
        for col in 0..n {
            w.widen_row(col, &mut wide);
            let w = turn(&wide);
            for (row, x) in x.iter().enumerate() {
                prop_assert_eq!(y.row(row)[col].to_bits(), portable::dot(x, &w).to_bits(), "row {} of {}", row, m);
            }
        }
        let (turned, mut plain) = (x.concat(), vec![0.0; m * n]);
        tiles::rows_by_widened((&turned, k), 0..n, |row, out| pairs::widen_turned(w.row(row), out), &mut Vec::new(), &mut plain, n);
        prop_assert_eq!(bits(&plain), bits(&y.data));
        #[cfg(target_arch = "x86_64")]
        if level() >= Level::Avx2 {
            plain.fill(7.0);
            // SAFETY: the processor has AVX2, FMA and F16C.
            unsafe { avx2::rows_by_turned(&turned, &w, 0..n, &mut Vec::new(), &mut plain, n) };
            prop_assert_eq!(bits(&plain), bits(&y.data));
        }
    }

    #[test]
    fn attention_kernels_equal_the_portable_ones(len in 1usize..50, dim in 1usize..140, rows in 1usize..15, seed: u64) {
        let mut rng = record::Rng::new(seed);
        let (mut p, v) = (random(len, &mut rng), random(len * dim, &mut rng));
        let mut q = p.clone();
        softmax(&mut p);
        portable::softmax(&mut q);
        prop_assert_eq!(bits(&p), bits(&q));
        let (mut a, mut b) = (random(len, &mut rng), Soft { most: 0.5, sum: 3.0 });
        let (mut c, mut d) = (a.clone(), b);
        prop_assert_eq!(online_softmax(&mut a, &mut b), portable::online_softmax(&mut c, &mut d));
        prop_assert_eq!((bits(&a), b), (bits(&c), d));
        let p = random(rows * len, &mut rng);
        let lens: Vec<usize> = (0..rows).map(|row| (len / 2 + row).min(len)).collect();
        let mut a = random(rows * dim, &mut rng);
        let mut b = a.clone();
        let narrow = 1 + seed as usize % dim;
        for (columns, stride) in [(dim, dim), (narrow, dim)] {
            let weighted = Weighted { p: &p, p_stride: len, v: &v, v_stride: dim, columns };
            add_weighted_rows(weighted, &lens, &mut a, stride);
            portable::add_weighted_rows(weighted, &lens, &mut b, stride);
            prop_assert_eq!(bits(&a), bits(&b));
            #[cfg(target_arch = "x86_64")]
            if level() >= Level::Avx2 {
                // SAFETY: as was just asked.
                unsafe { avx2::add_weighted_rows(weighted, &lens, &mut a, stride) };
                portable::add_weighted_rows(weighted, &lens, &mut b, stride);
                prop_assert_eq!(bits(&a), bits(&b));
            }
        }
        for bits in [4, 8] {
            let mut codes = [vec![7; v.len()], vec![7; v.len()]];
            round_to_codes(&v, (-2.0, 0.1), bits, &mut codes[0]);
            portable::round_to_codes(&v, (-2.0, 0.1), bits, &mut codes[1]);
            prop_assert_eq!(&codes[0], &codes[1]);
            let (mut a, mut b) = (v.clone(), v.clone());
            widen_codes(&codes[0], (-2.0, 0.1), bits, &mut a);
            portable::widen_codes(&codes[0], (-2.0, 0.1), bits, &mut b);
            prop_assert_eq!(super::tests::bits(&a), super::tests::bits(&b));
        }
        prop_assert_eq!(extent(&v), portable::extent(&v));
        let (mut a, mut b) = (v.clone(), v.clone());
        round_to_int8(&mut a, 0.01, 0.02);
        portable::round_to_int8(&mut b, 0.01, 0.02);
        prop_assert_eq!(bits(&a), bits(&b));
        let mut codes = [vec![7; v.len()], vec![7; v.len()]];
        int8_codes(&v, 0.01, &mut codes[0]);
        portable::int8_codes(&v, 0.01, &mut codes[1]);
        let wide: Vec<f32> = codes[1].iter().map(|&code| f32::from(code) * 0.02).collect();
        prop_assert!(codes[0] == codes[1] && wide == b);
        let (mut a, mut b) = (v.clone(), v.clone());
        round_to_fp8(&mut a, 0.01);
        portable::round_to_fp8(&mut b, 0.01);
        prop_assert_eq!(bits(&a), bits(&b));
        let (mut a, mut b) = (v.clone(), v.clone());
        silu_times(&mut a, &v);
        portable::silu_times(&mut b, &v);
        prop_assert_eq!(bits(&a), bits(&b));
    }

    #[test]
    fn a_row_is_the_same_in_any_batch_and_on_any_number_of_threads(m in 2usize..40, seed: u64, kind in 0usize..4) {
        let mut rng = record::Rng::new(seed);
        let (n, k) = (150, 136);
        let x = Matrix::new(m, k, random(m * k, &mut rng));
        let dense = Matrix::new(n, k, random(n * k, &mut rng));
        let integers: Vec<i8> = (0..n * k).map(|_| rng.below(16) as i8 - 8).collect();
        let scales = random(n * 17, &mut rng);
        let grid = Grid { groups: 17, group_size: 8, scales, zeros: Some(vec![3; n * 17]), half: false, group_of: None };
        let w = match kind {
            0 => Weight::F32(dense),
            1 => Weight::half(HalfKind::Bf16, &dense),
            2 => Weight::half(HalfKind::F16, &dense),
            _ => Weight::Packed(Packed::new(n, k, 4, &integers, grid)),
        };
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (one, mut three) = (pool(1).install(|| matmul(&x, &w)), Matrix::new(m, n, vec![7.0; m * n]));
        pool(3).install(|| matmul_over(&x, &w, &mut three));
        prop_assert_eq!(bits(&one.data), bits(&three.data));
        let wide = pool(2).install(|| matmul(&x, &Weight::F32(w.to_f32())));
        prop_assert_eq!(bits(&one.data), bits(&wide.data));
        for row in 0..m {
            let alone = matmul(&x.slice_rows(row..row + 1), &w);
            prop_assert_eq!(bits(&alone.data), bits(one.row(row)));
        }
    }
}

#[test]
fn gelu_is_close_everywhere() {
    // Phi(x) by the series of erf, in f64.
    let phi = |x: f64| {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= x * x / f64::from(2 * n + 1);
            sum += term;
        }
        0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
    };
    for step in -600..=600 {
        let x = step as f32 / 100.0;
        let mut got = [x];
        gelu(&mut got);
        let want = f64::from(x) * phi(f64::from(x));
        assert!(
            (f64::from(got[0]) - want).abs() <= 2e-7 * f64::from(x.abs().max(1.0)),
            "gelu {x}: {} and {want}",
            got[0]
        );
    }
    let mut far = [-1e30, -40.0, 0.0, 40.0, 1e30];
    gelu(&mut far);
    assert!(far[0].abs() < 1e-5 && far[1].abs() < 1e-30 && far[2..] == [0.0, 40.0, 1e30], "{far:?}");
}

#[test]
fn a_layer_norm_by_hand() {
    let mut row = [1.0, 3.0];
    layer_norm(&mut row, &[2.0, 1.0], &[0.0, 5.0], 0.0);
    assert_eq!(row, [-2.0, 6.0]);
    let (mut ours, mut plain) = (random(37, &mut record::Rng::new(3)), random(37, &mut record::Rng::new(3)));
    let (weight, bias) = (random(37, &mut record::Rng::new(4)), random(37, &mut record::Rng::new(5)));
    layer_norm(&mut ours, &weight, &bias, 1e-12);
    portable::layer_norm(&mut plain, &weight, &bias, 1e-12);
    assert_eq!(bits(&ours), bits(&plain));
    gelu(&mut ours);
    portable::gelu(&mut plain);
    assert_eq!(bits(&ours), bits(&plain));
}
