//! Tensors of a file of which two make one of the folder.

use super::joined::Joined;
use super::names::Share;
use super::parse::Tensor;
use super::settings::Keys;
use super::{Placed, experts, one};
use crate::ModelError;
use crate::checkpoint::tensors::Change;

/// A tensor of the folder by name, `{expert}` in it standing for an expert's number, and the file's that make it.
pub(super) type Shared<'a, 'f> = (String, Vec<(Share, &'a Tensor<'f>)>);

/// Adds what two tensors make, of each expert by itself where they hold all.
pub(super) fn place(
    keys: Keys<'_, '_>,
    (name, mut found): Shared<'_, '_>,
    all: &mut Vec<Placed>,
) -> Result<(), ModelError> {
    found.sort_by_key(|(share, _)| *share);
    let &[(share, first), (_, second)] = &found[..] else {
        let first = found.first().map_or("", |(_, tensor)| tensor.name);
        return Err(keys.file.damaged(format!("tensor `{first}` lies without the other half of `{name}`")));
    };
    let shapes = [first, second].map(|tensor| tensor.sizes.iter().rev().copied().collect::<Vec<usize>>());
    let unfit = || {
        let [one, other] = [first.name, second.name];
        keys.file.damaged(format!("tensors `{one}` of {:?} and `{other}` of {:?} do not fit", shapes[0], shapes[1]))
    };
    if !name.contains("{expert}") {
        let parts = [first, second].map(|tensor| (tensor.kind, tensor.range.clone()));
        let (joined, shape) = joined(share, [&shapes[0], &shapes[1]], parts).ok_or_else(unfit)?;
        all.push(placed(keys, first, (name, shape), joined)?);
        return Ok(());
    }
    let both = experts(keys, first)?.zip(experts(keys, second)?);
    for (expert, (one, other)) in both.enumerate() {
        let parts = [(first.kind, one), (second.kind, other)];
        let (joined, shape) = joined(share, [&shapes[0][1..], &shapes[1][1..]], parts).ok_or_else(unfit)?;
        all.push(placed(keys, first, (name.replace("{expert}", &expert.to_string()), shape), joined)?);
    }
    Ok(())
}

/// What two tensors of these shapes, outermost first, make, and the shape of that; `None` where they do not fit.
fn joined(share: Share, shapes: [&[usize]; 2], parts: Parts) -> Option<(Joined, Vec<usize>)> {
    match (share, shapes) {
        (Share::EvenRows, [one, other]) if one == other && (1..=2).contains(&one.len()) => {
            let (heads, cols) = (one[0], one.get(1).copied().unwrap_or(1));
            let mut shape = one.to_vec();
            shape[0] *= 2;
            Some((Joined { heads, rows: [1, 1], cols, transposed: false, parts }, shape))
        }
        (Share::Keys, [&[heads, cols, key], &[other_heads, value, other_cols]])
            if heads == other_heads && cols == other_cols =>
        {
            let shape = vec![heads * (key + value), cols];
            Some((Joined { heads, rows: [key, value], cols, transposed: true, parts }, shape))
        }
        _ => None,
    }
}

type Parts = [(super::Kind, std::ops::Range<usize>); 2];

fn placed(
    keys: Keys<'_, '_>,
    first: &Tensor<'_>,
    place: (String, Vec<usize>),
    joined: Joined,
) -> Result<Placed, ModelError> {
    let range = joined.parts[0].1.clone();
    one(keys.file, (first.name, joined.kind()), place, (range, Change::Joined(Box::new(joined))))
}
