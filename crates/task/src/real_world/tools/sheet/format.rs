//! How a number is shown: Excel's format codes, as far as sheets of the benchmark use them, and Google's automatic format.

use super::super::day::calendar;

/// A format code: `0.00`, `#,##0`, `0%`, `"$"#,##0.00`, `yyyy-mm-dd`; empty or `General` is the automatic one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Format(String);

impl Format {
    /// A format by its code.
    pub fn new(code: &str) -> Self {
        Self(if code.eq_ignore_ascii_case("general") { String::new() } else { code.to_owned() })
    }

    /// Whether it is the automatic one.
    pub fn is_automatic(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of a number.
    pub fn show(&self, number: f64) -> String {
        // The first section is for positive numbers, the second for negative ones, which it shows without a sign.
        let mut sections = self.0.split(';');
        let (first, second) = (sections.next().unwrap_or_default(), sections.next().filter(|code| !code.is_empty()));
        match second {
            Some(code) if number < 0.0 => shown(code, -number),
            _ if first.is_empty() || first.contains('@') => automatic(number),
            _ => shown(first, number),
        }
    }
}

/// A number without a format: ten digits after the point at most.
fn automatic(number: f64) -> String {
    if !number.is_finite() {
        return "#NUM!".to_owned();
    }
    if number != 0.0 && (number.abs() >= 1e15 || number.abs() < 1e-9) {
        let text = format!("{number:.5E}");
        let (digits, exponent) = text.split_once('E').unwrap_or((&text, "0"));
        let sign = if exponent.starts_with('-') { "" } else { "+" };
        return format!("{}E{sign}{exponent}", trimmed(digits));
    }
    let text = trimmed(&format!("{number:.10}")).to_owned();
    if text == "-0" { "0".to_owned() } else { text }
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// A number by one section of a code.
fn shown(code: &str, number: f64) -> String {
    let parts = parts(code);
    let plain: String =
        parts.iter().filter_map(|part| if let Part::Sign(c) = part { Some(*c) } else { None }).collect();
    if plain.chars().any(|c| matches!(c.to_ascii_lowercase(), 'y' | 'm' | 'd' | 'h' | 's')) {
        return date(&plain_or_literal(&parts), number);
    }
    let percent = plain.contains('%');
    let pattern: String = plain.chars().filter(|c| matches!(c, '0' | '#' | '?' | ',' | '.')).collect();
    let digits = digits(&pattern, if percent { number * 100.0 } else { number });
    let negative = digits.starts_with('-');
    let bare = digits.trim_start_matches('-');
    let mut text = if negative { "-".to_owned() } else { String::new() };
    let mut placed = false;
    for part in parts {
        match part {
            Part::Literal(literal) => text.push_str(&literal),
            Part::Sign('0' | '#' | '?' | ',' | '.') if placed => {}
            Part::Sign('0' | '#' | '?' | ',' | '.') => {
                text.push_str(bare);
                placed = true;
            }
            Part::Sign(c) => text.push(c),
        }
    }
    text
}

enum Part {
    /// Text that is shown as it is.
    Literal(String),
    /// A sign with a meaning, or one that stands for itself.
    Sign(char),
}

/// A code cut into quoted texts and signs. `_x` leaves room for x and `*x` fills with it: a space and nothing.
fn parts(code: &str) -> Vec<Part> {
    let mut all = Vec::new();
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => all.push(Part::Literal(chars.by_ref().take_while(|c| *c != '"').collect())),
            '\\' => all.extend(chars.next().map(|c| Part::Literal(c.to_string()))),
            '_' => all.extend(chars.next().map(|_| Part::Literal(" ".to_owned()))),
            '*' => drop(chars.next()),
            '[' => {
                let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                // A currency: [$€-407]; colors and conditions show nothing.
                let currency = inside.strip_prefix('$').and_then(|rest| rest.split('-').next());
                all.extend(currency.map(|currency| Part::Literal(currency.to_owned())));
            }
            c => all.push(Part::Sign(c)),
        }
    }
    all
}

fn plain_or_literal(parts: &[Part]) -> String {
    let text = |part: &Part| match part {
        Part::Literal(text) => text.clone(),
        Part::Sign(c) => c.to_string(),
    };
    parts.iter().map(text).collect()
}

/// The digits of a number by a pattern of `0`, `#`, `,` and `.`.
fn digits(pattern: &str, number: f64) -> String {
    let (whole, fraction) = pattern.split_once('.').unwrap_or((pattern, ""));
    let most = fraction.chars().filter(|c| matches!(c, '0' | '#' | '?')).count().min(30);
    let least = fraction.chars().filter(|c| *c == '0').count().min(30);
    let text = rounded(number, most);
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (integer, decimals) = text.split_once('.').unwrap_or((text, ""));
    let mut decimals = decimals.to_owned();
    while decimals.len() > least && decimals.ends_with('0') {
        decimals.pop();
    }
    let wide = whole.chars().filter(|c| *c == '0').count().min(30);
    let integer = if wide == 0 && integer == "0" { "" } else { integer };
    let mut integer = format!("{integer:0>wide$}");
    if whole.contains(',') {
        integer = grouped(&integer);
    }
    let point = if decimals.is_empty() { "" } else { "." };
    let all = format!("{integer}{point}{decimals}");
    if all.bytes().any(|byte| matches!(byte, b'1'..=b'9')) { format!("{sign}{all}") } else { all }
}

/// Rounded half away from zero on the number's shortest decimal form, as sheets do: 1.005 is 1.01.
fn rounded(number: f64, places: usize) -> String {
    let exact = format!("{:.15}", number);
    let shortest = format!("{number}");
    let text = if shortest.len() < exact.len() && !shortest.contains('e') { shortest } else { exact };
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    let up = fraction.len() > places && fraction.as_bytes().get(places).is_some_and(|digit| *digit >= b'5');
    let kept = text.len() - fraction.len() + places.min(fraction.len());
    let cut = text.get(..kept).unwrap_or(&text).trim_end_matches('.');
    let cut = if up { raised(cut) } else { cut.to_owned() };
    let have = cut.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    match places - have.min(places) {
        0 => cut,
        more if have == 0 => format!("{cut}.{}", "0".repeat(more)),
        more => format!("{cut}{}", "0".repeat(more)),
    }
}

/// A decimal text with its last digit one higher.
fn raised(text: &str) -> String {
    let mut digits: Vec<u8> = text.bytes().collect();
    for at in (0..digits.len()).rev() {
        match digits[at] {
            b'9' => digits[at] = b'0',
            b'0'..=b'8' => {
                digits[at] += 1;
                return String::from_utf8(digits).unwrap_or_default();
            }
            _ => {}
        }
    }
    let text = String::from_utf8(digits).unwrap_or_default();
    text.strip_prefix('-').map_or_else(|| format!("1{text}"), |rest| format!("-1{rest}"))
}

fn grouped(integer: &str) -> String {
    let mut text = String::new();
    for (at, c) in integer.chars().enumerate() {
        if at > 0 && (integer.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    text
}

/// A day and time by a code; `serial` counts days from 30 December 1899.
fn date(code: &str, serial: f64) -> String {
    if !(0.0..2_958_466.0).contains(&serial) {
        return automatic(serial);
    }
    let seconds = (serial.fract() * 86_400.0).round() as u32;
    let (year, month, day) = calendar(serial.floor() as i64 - 25_569);
    let name = MONTHS[usize::try_from(month - 1).unwrap_or_default()];
    let lower = code.to_lowercase();
    let noon = lower.contains("am/pm");
    let hour = seconds / 3600;
    let twelve = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
    let mut text = String::new();
    let mut rest = lower.replace("am/pm", "a");
    let mut after_hour = false;
    while let Some(first) = rest.chars().next() {
        let run = rest.chars().take_while(|c| *c == first).count();
        let minutes = first == 'm' && (after_hour || rest[run..].trim_start_matches(':').starts_with('s'));
        text.push_str(&match (first, run) {
            ('y', 1 | 2) => format!("{:02}", year % 100),
            ('y', _) => format!("{year}"),
            ('m', 1) if minutes => format!("{}", seconds / 60 % 60),
            ('m', _) if minutes => format!("{:02}", seconds / 60 % 60),
            ('m', 1) => format!("{month}"),
            ('m', 2) => format!("{month:02}"),
            ('m', 3) => name[..3].to_owned(),
            ('m', _) => name.to_owned(),
            ('d', 1) => format!("{day}"),
            ('d', _) => format!("{day:02}"),
            ('h', 1) => format!("{}", if noon { twelve } else { hour }),
            ('h', _) => format!("{:02}", if noon { twelve } else { hour }),
            ('s', 1) => format!("{}", seconds % 60),
            ('s', _) => format!("{:02}", seconds % 60),
            ('a', _) if noon => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            _ => rest.chars().take(run).collect(),
        });
        after_hour = first == 'h' || after_hour && first == ':';
        rest = rest.chars().skip(run).collect();
    }
    text
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_sheets_show_them() {
        let cases = [
            ("", 1.0, "1"),
            ("", 1.0 / 3.0, "0.3333333333"),
            ("General", -0.5, "-0.5"),
            ("", 1e20, "1E+20"),
            ("", -0.0, "0"),
            ("0.00", 25.0, "25.00"),
            ("0.00", 1.005, "1.01"),
            ("0.00", -0.001, "0.00"),
            ("0", 2.5, "3"),
            ("0", -9.9, "-10"),
            ("0%", 0.2, "20%"),
            ("0.00%", -0.451, "-45.10%"),
            ("#,##0", 1_234_567.0, "1,234,567"),
            ("#,##0.00", 999.999, "1,000.00"),
            ("\"$\"#,##0.00", 1234.5, "$1,234.50"),
            ("[$€-407]#,##0.00", 3.0, "€3.00"),
            ("#,##0.00;(#,##0.00)", -3.0, "(3.00)"),
            ("0.0##", 1.25, "1.25"),
            ("000", 7.0, "007"),
            ("#.##", 0.5, ".5"),
            ("yyyy-mm-dd", 45_000.0, "2023-03-15"),
            ("m/d/yyyy h:mm", 45_000.5, "3/15/2023 12:00"),
            ("d-mmm-yy", 1.0, "31-Dec-99"),
            ("h:mm am/pm", 0.75, "6:00 PM"),
            ("@", 3.0, "3"),
        ];
        for (code, number, expected) in cases {
            assert_eq!(Format::new(code).show(number), expected, "{code} of {number}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_code_panics(code in r#"([0#?.,%;\\"_*@ymdhsa:/é\[\]$ -]|General|am/pm){0,12}"#, number in proptest::num::f64::ANY) {
            Format::new(&code).show(number);
        }
    }
}
