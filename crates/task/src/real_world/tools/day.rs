//! Days of the calendar.

/// Days since 1 January 1970 of a text `2015-06-01`; `None` where there is no such day.
pub(super) fn read_day(text: &str) -> Option<i64> {
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return None };
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return None;
    }
    let [year, month, day] = [year, month, day].map(|part| part.parse::<i64>().unwrap_or_default());
    let days = day_of(year, month, day);
    (calendar(days) == (year, month, day)).then_some(days)
}

/// The text of a day: `2015-06-01`.
pub(super) fn day_text(days: i64) -> String {
    let (year, month, day) = calendar(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Days since 1 January 1970 (Gregorian; the arithmetic of eras is Howard Hinnant's).
fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted = (month + 9).rem_euclid(12);
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month (1 to 12) and day of the month of a day counted from 1 January 1970.
pub(super) fn calendar(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_read_as_it_is_written() {
        assert_eq!((read_day("1970-01-01"), read_day("2000-02-29")), (Some(0), Some(11_016)));
        for day in (-100_000..1_000_000).step_by(37) {
            assert_eq!(read_day(&day_text(day)), Some(day));
        }
        for text in ["2001-02-29", "1900-02-29", "2001-13-01", "2001-00-01", "2001-04-31", "2001-1-01", "x", ""] {
            assert_eq!(read_day(text), None, "{text}");
        }
    }
}
