//! Longest increasing subsequences.

/// The length of the longest strictly increasing subsequence of the matched places, unmatched ones left out.
///
/// ```
/// use task::measure::longest_increasing;
/// assert_eq!(longest_increasing(&[Some(0), None, Some(2), Some(1)]), 2);
/// ```
pub fn longest_increasing(places: &[Option<usize>]) -> usize {
    let mut ends: Vec<usize> = Vec::new();
    for &place in places.iter().flatten() {
        match ends.partition_point(|&end| end < place) {
            at if at == ends.len() => ends.push(place),
            at => ends[at] = place,
        }
    }
    ends.len()
}
