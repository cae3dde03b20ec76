//! Rows of w laid out as tiles of many rows of x read them: a panel is `COLUMNS` neighboring rows, sixteen values of the first,
//! sixteen of the second, and so on, then the next sixteen of each. What is beyond the last row and the last k is zero.

use super::portable::LANES;

/// Makes room for the panels of `n` rows of `k` values, and says where the first sixteen of each row go; the next ones go
/// `COLUMNS * 16` further on each.
pub fn places<const COLUMNS: usize>(
    n: usize,
    k: usize,
    scratch: &mut Vec<f32>,
) -> (&mut [f32], impl Iterator<Item = usize> + use<COLUMNS>) {
    let step = COLUMNS * LANES;
    let panel = k.div_ceil(LANES) * step;
    let panels = aligned(scratch, n.div_ceil(COLUMNS) * panel);
    let place = move |row: usize| row / COLUMNS * panel + row % COLUMNS * LANES;
    for row in n..n.next_multiple_of(COLUMNS) {
        panels[place(row)..].chunks_mut(step).take(panel / step).for_each(|step| step[..LANES].fill(0.0));
    }
    (panels, (0..n).map(place))
}

/// Lays out `n` rows of `k` values that `widen` writes.
pub fn lay_out<const COLUMNS: usize>(
    n: usize,
    k: usize,
    scratch: &mut Vec<f32>,
    widen: impl Fn(usize, &mut [f32]),
) -> &[f32] {
    let mut values = vec![0.0; k.next_multiple_of(LANES)];
    let (panels, places) = places::<COLUMNS>(n, k, scratch);
    for (row, place) in places.enumerate() {
        widen(row, &mut values[..k]);
        for (sixteen, step) in values.as_chunks::<LANES>().0.iter().zip(panels[place..].chunks_mut(COLUMNS * LANES)) {
            step[..LANES].copy_from_slice(sixteen);
        }
    }
    panels
}

/// So many values of `scratch` that begin where a line of the cache does: registers that are read across two lines take two
/// reads. What they hold is left over from before.
fn aligned(scratch: &mut Vec<f32>, count: usize) -> &mut [f32] {
    const LINE: usize = 64;
    scratch.resize(count + LINE / 4, 0.0);
    let from = scratch.as_ptr().align_offset(LINE).min(LINE / 4);
    &mut scratch[from..from + count]
}
