//! Letters as lines, so that a picture needs no font of the system.
//!
//! A glyph is strokes separated by spaces, a stroke is points, a point is two digits: x from the left, y from the top of
//! the capitals (0) over the line on which letters stand (6) to the foot of `p` (8). A stroke of one point is a dot.

use super::drawing::Point;

/// Units between two letters, and the width of a space.
const GAP: f64 = 2.2;
/// The height of capitals in units.
const CAPITALS: f64 = 6.0;

/// The strokes of a text whose capitals are `height` pixels high, from (0, 0) at the left end of its base line, and its
/// width.
pub(super) fn strokes(text: &str, height: f64) -> (Vec<Vec<Point>>, f64) {
    let unit = height / CAPITALS;
    let (mut all, mut x) = (Vec::new(), 0.0);
    for letter in text.chars() {
        let mut widest = 0.0_f64;
        for stroke in glyph(letter).split(' ').filter(|stroke| !stroke.is_empty()) {
            let digits: Vec<f64> = stroke.chars().filter_map(|c| c.to_digit(10)).map(f64::from).collect();
            let points = digits.chunks_exact(2).map(|point| (x + point[0] * unit, (point[1] - CAPITALS) * unit));
            widest = digits.chunks_exact(2).map(|point| point[0]).fold(widest, f64::max);
            all.push(points.collect());
        }
        x += (widest + GAP) * unit;
    }
    (all, (x - GAP * unit).max(0.0))
}

/// The strokes of a letter; an empty box for one that has none.
fn glyph(letter: char) -> &'static str {
    GLYPHS.iter().find(|(known, _)| *known == letter).map_or("0040460600", |(_, strokes)| strokes)
}

const GLYPHS: &[(char, &str)] = &[
    ('0', "103041453616050110"),
    ('1', "022026"),
    ('2', "0110304142330646"),
    ('3', "01103041423313 334445361605"),
    ('4', "36300444"),
    ('5', "40000312324345361605"),
    ('6', "4130100105163645443313 1304"),
    ('7', "004016"),
    ('8', "130201103041423313040516364544 4433"),
    ('9', "0516364541301001021333 3342"),
    ('a', "0312324346 441405163645"),
    ('b', "0006 0312324345361605"),
    ('c', "4332120305163645"),
    ('d', "4046 4332120305163645"),
    ('e', "04444332120305163645"),
    ('f', "30201116 0232"),
    ('g', "4332120305163645 4247381807"),
    ('h', "0006 0312324346"),
    ('i', "0206 00"),
    ('j', "12171808 10"),
    ('k', "0006 4204 2346"),
    ('l', "0006"),
    ('m', "0206 0312223336 3342526366"),
    ('n', "0206 0312324346"),
    ('o', "123243453616050312"),
    ('p', "0208 0312324345361605"),
    ('q', "4248 4332120305163645"),
    ('r', "0206 031232"),
    ('s', "43321203143445361605"),
    ('t', "10152636 0232"),
    ('u', "0205163645 4246"),
    ('v', "022642"),
    ('w', "0216325662"),
    ('x', "0246 4206"),
    ('y', "0226 421808"),
    ('z', "02420646"),
    ('A', "062046 1434"),
    ('B', "003041423303 3344453606 0600"),
    ('C', "4130100105163645"),
    ('D', "00204244260600"),
    ('E', "40000646 0333"),
    ('F', "400006 0333"),
    ('G', "41301001051636454323"),
    ('H', "0006 4046 0343"),
    ('I', "0006"),
    ('J', "4045361605"),
    ('K', "0006 4004 1346"),
    ('L', "000646"),
    ('M', "0600336066"),
    ('N', "06004640"),
    ('O', "103041453616050110"),
    ('P', "06003041423303"),
    ('Q', "103041453616050110 3447"),
    ('R', "06003041423303 2346"),
    ('S', "413010010213334445361605"),
    ('T', "0040 2026"),
    ('U', "000516364540"),
    ('V', "002640"),
    ('W', "0016325660"),
    ('X', "0046 4006"),
    ('Y', "002340 2326"),
    ('Z', "00400646"),
    ('-', "1434"),
    ('+', "1454 3236"),
    ('\u{2212}', "1454"),
    ('.', "06"),
    (',', "1607"),
    (':', "03 06"),
    ('(', "10010516"),
    (')', "00111506"),
    ('%', "4006 0010110100 3545463635"),
    ('/', "4006"),
    ('_', "0747"),
    ('=', "0343 0545"),
    (' ', ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_a_name_has_strokes_within_its_box() {
        let letters = ('0'..='9').chain('a'..='z').chain('A'..='Z').chain("-+\u{2212}.,:()%/_=".chars());
        for letter in letters {
            let (strokes, width) = strokes(&letter.to_string(), 6.0);
            assert!(!strokes.is_empty() && (0.0..=6.0).contains(&width), "{letter}");
            assert!(strokes.iter().flatten().all(|point| (-6.0..=2.0).contains(&point.1)), "{letter}");
            assert!(glyph(letter).split(' ').all(|stroke| stroke.len() % 2 == 0), "{letter}");
        }
        let (ab, (a, b)) = (strokes("ab", 6.0).1, (strokes("a", 6.0).1, strokes("b", 6.0).1));
        assert!((ab - a - b - GAP).abs() < 1e-9);
    }
}
