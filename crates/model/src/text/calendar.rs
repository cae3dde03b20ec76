//! Dates for chat templates that print today's.

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
const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// `strftime` in UTC for the letters that templates use: `Y y m d e H I M S p B b A a j F T %`, and `-` before one takes its zeros away; others stay as written.
pub(crate) fn strftime(format: &str, seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let january = (0..=days).rev().take(366).take_while(|&before| civil(before).0 == year).last().unwrap_or(days);
    let month_name = MONTHS[month as usize - 1];
    let day_name = DAYS[(days % 7) as usize];
    let mut out = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let text = match letters.next() {
            Some('Y') => year.to_string(),
            Some('y') => format!("{:02}", year % 100),
            Some('m') => format!("{month:02}"),
            Some('d') => format!("{day:02}"),
            Some('e') => format!("{day:2}"),
            Some('H') => format!("{hour:02}"),
            Some('I') => format!("{:02}", (hour + 11) % 12 + 1),
            Some('M') => format!("{minute:02}"),
            Some('S') => format!("{:02}", second % 60),
            Some('p') => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            Some('B') => month_name.to_owned(),
            Some('b') => month_name[..3].to_owned(),
            Some('A') => day_name.to_owned(),
            Some('a') => day_name[..3].to_owned(),
            Some('F') => format!("{year}-{month:02}-{day:02}"),
            Some('T') => format!("{hour:02}:{minute:02}:{:02}", second % 60),
            Some('j') => format!("{:03}", days + 1 - january),
            Some('-') => {
                let padded =
                    letters.next().map_or_else(|| "-".to_owned(), |letter| strftime(&format!("%{letter}"), seconds));
                let short = padded.trim_start_matches(['0', ' ']);
                if short.is_empty() { "0".to_owned() } else { short.to_owned() }
            }
            Some('%') | None => "%".to_owned(),
            Some(other) => format!("%{other}"),
        };
        out.push_str(&text);
    }
    out
}

/// Seconds since 1970 of a time as `2026-03-14T09:26:53`.
pub(crate) fn read(text: &str) -> Option<u64> {
    let (date, time) = text.trim_end_matches('Z').split_once('T')?;
    let numbers = |text: &str, sign: char| -> Option<[u64; 3]> {
        let all: Vec<u64> = text.split(sign).map(|part| part.parse().ok()).collect::<Option<_>>()?;
        all.try_into().ok()
    };
    let ([year, month, day], [hour, minute, second]) = (numbers(date, '-')?, numbers(time, ':')?);
    let sane = (1970..10_000).contains(&year) && (1..=12).contains(&month) && hour < 24 && minute < 60 && second < 60;
    if !sane {
        return None;
    }
    // A month has 28 days or more: the day is looked for in the few that remain.
    let first = (year - 1970) * 365 + (month - 1) * 28;
    let days = (first..first + 8000).find(|&days| civil(days) == (year, month, day))?;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Year, month and day of a number of days since 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms").
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{read, strftime};

    #[test]
    fn dates_by_hand() {
        assert_eq!(strftime("%Y-%m-%d %H:%M:%S %A", 0), "1970-01-01 00:00:00 Thursday");
        assert_eq!(strftime("%d %b %Y, %j, %-d/%-m %-S", 951_782_400), "29 Feb 2000, 060, 29/2 0");
        for seconds in [0, 951_782_399, 951_782_400, 1_767_225_599, 253_402_300_799] {
            assert_eq!(read(&strftime("%Y-%m-%dT%H:%M:%SZ", seconds)), Some(seconds));
        }
        for text in
            ["", "2026-02-30T00:00:00", "2026-13-01T00:00:00", "2026-01-01T24:00:00", "1969-01-01T00:00:00", "T"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(strftime("%B %e, %I %p %% %Q %", 1_767_225_599), "December 31, 11 PM % %Q %");
    }
}
