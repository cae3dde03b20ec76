//! How far an agent is with tools: facts that calls brought to light, and cells of a sheet that are right.

use crate::python::{Value, text};

/// How many of the wanted results are among those that were logged; each of these counts once. Equal is what Python's
/// `==` says (`1 == 1.0 == True`), but for weather: two results with a place are equal where the places lie within 50 km
/// and all else is equal.
pub fn credited(wanted: &[Value], logged: &[Value], places: bool) -> usize {
    let mut left: Vec<&Value> = logged.iter().collect();
    let mut count = 0;
    for goal in wanted {
        let same = |result: &&Value| match (places && has_place(goal), has_place(result)) {
            (true, true) => same_at_place(goal, result),
            (true, false) => false,
            (false, _) => goal == *result,
        };
        if let Some(at) = left.iter().position(same) {
            left.remove(at);
            count += 1;
        }
    }
    count
}

const PLACE: [&str; 2] = ["latitude", "longitude"];
/// How far apart two places may lie, in kilometers.
const NEAR: f64 = 50.0;
/// The Earth's radius, in kilometers.
const RADIUS: f64 = 6371.0;

fn has_place(value: &Value) -> bool {
    PLACE.iter().all(|key| value.get(key).is_some())
}

fn same_at_place(a: &Value, b: &Value) -> bool {
    let place = |value: &Value| Some((number(value.get(PLACE[0])?)?, number(value.get(PLACE[1])?)?));
    let near = place(a).zip(place(b)).is_some_and(|(a, b)| same_location(a, b, NEAR));
    near && without(a, &PLACE) == without(b, &PLACE)
}

/// A value as a floating-point number, if it is one.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(value) => Some(*value),
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::Int(_) => text(value).parse().ok(),
        _ => None,
    }
}

/// A dictionary without some keys; any other value as it is.
pub(super) fn without(value: &Value, keys: &[&str]) -> Value {
    let Value::Dict(pairs) = value else { return value.clone() };
    let kept = |key: &Value| !keys.iter().any(|name| *key == Value::from(*name));
    Value::Dict(pairs.iter().filter(|(key, _)| kept(key)).cloned().collect())
}

/// Whether two places, each latitude and longitude in degrees, lie less than so many kilometers apart on a great circle.
pub fn same_location(a: (f64, f64), b: (f64, f64), kilometers: f64) -> bool {
    distance(a, b) < kilometers
}

/// The great-circle distance of two places, each latitude and longitude in degrees, in kilometers (haversine).
fn distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    let half_sine = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let along = a.0.to_radians().cos() * b.0.to_radians().cos() * half_sine(b.1 - a.1);
    let chord = half_sine(b.0 - a.0) + along;
    2.0 * RADIUS * chord.sqrt().atan2((1.0 - chord).sqrt())
}

/// The rows of a sheet, each the texts of its cells.
pub type Rows = Vec<Vec<String>>;

/// The share of equal cells of two sheets: AgentBoard's, over the rectangle that both have, or (`whole`) over the
/// smallest one that holds both. Either rectangle's width is that of the first rows.
///
/// ```
/// use task::real_world::tools::sheet_match;
/// let rows = |cells: &[&[&str]]| cells.iter().map(|row| row.iter().map(|c| c.to_string()).collect()).collect::<Vec<_>>();
/// let (sheet, gold) = (rows(&[&["1", "2", "9"]]), rows(&[&["1", "2"], &["3", "4"]]));
/// assert_eq!(sheet_match(&sheet, &gold, false), 1.0);
/// assert_eq!(sheet_match(&sheet, &gold, true), 2.0 / 6.0);
/// ```
pub fn sheet_match(sheet: &Rows, gold: &Rows, whole: bool) -> f64 {
    let width = |rows: &Rows| rows.first().map_or(0, Vec::len);
    let side = |a: usize, b: usize| if whole { a.max(b) } else { a.min(b) };
    let (rows, columns) = (side(sheet.len(), gold.len()), side(width(sheet), width(gold)));
    let cell = |rows: &'_ Rows, row: usize, column: usize| rows.get(row).and_then(|row| row.get(column)).cloned();
    let all = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    let equal = all.filter(|&(row, column)| {
        let (ours, theirs) = (cell(sheet, row, column), cell(gold, row, column));
        ours.is_some() && ours == theirs
    });
    if rows * columns == 0 { 0.0 } else { equal.count() as f64 / (rows * columns) as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::literal_value;

    fn values(texts: &[&str]) -> Vec<Value> {
        texts.iter().filter_map(|text| literal_value(text)).collect()
    }

    #[test]
    fn each_logged_result_counts_once() {
        let wanted = values(&["'a'", "[1, 2]", "[1, 2]", "{'x': 1}"]);
        assert_eq!(credited(&wanted, &values(&["[True, 2.0]", "'b'", "{'x': 1}"]), false), 2);
        assert_eq!(credited(&wanted, &values(&["[1, 2]", "[1, 2]", "[1, 2]", "[2, 1]", "'a'"]), false), 3);
    }

    #[test]
    fn weather_at_a_place_nearby_counts() {
        let wanted = values(&["{'latitude': 31.2, 'longitude': 121.5, 'rain': [1]}"]);
        let near = values(&["{'longitude': 121.46, 'latitude': 31.22, 'rain': [1.0]}"]);
        let (other, far) = (
            values(&["{'latitude': 31.2, 'longitude': 121.5, 'rain': [2]}"]),
            values(&["{'latitude': 0, 'longitude': 0, 'rain': [1]}"]),
        );
        assert_eq!([&near, &other, &far].map(|logged| credited(&wanted, logged, true)), [1, 0, 0]);
        assert_eq!(credited(&wanted, &near, false), 0);
    }
}
