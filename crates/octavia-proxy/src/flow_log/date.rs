//! Dates as HAProxy writes them, in UTC: `20/Nov/2026:15:44:39.237`.

use std::io::Write;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A moment, in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    year: i64,
    /// From 1.
    month: u64,
    /// From 1.
    day: u64,
    second_of_day: u64,
    micros: u64,
}

impl Date {
    /// Takes microseconds since 1970.
    pub(super) fn of(micros: u64) -> Self {
        let seconds = micros / 1_000_000;
        let (year, month, day) = civil(seconds / 86_400);
        Self {
            year,
            month,
            day,
            second_of_day: seconds % 86_400,
            micros: micros % 1_000_000,
        }
    }

    /// Writes it as HAProxy does, with milliseconds.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        let (day, year) = (self.day, self.year);
        let month = usize::try_from(self.month - 1).unwrap_or(0);
        let (hour, minute, second) = self.time();
        let (month, millis) = (MONTHS[month % 12], self.micros / 1000);
        write!(
            out,
            "{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02}.{millis:03}"
        )
        .expect("a vector takes every byte");
    }

    /// Writes it as RFC 3339 has it, with microseconds.
    pub(super) fn write_rfc3339(self, out: &mut Vec<u8>) {
        let (year, month, day, micros) = (self.year, self.month, self.day, self.micros);
        let (hour, minute, second) = self.time();
        write!(
            out,
            "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"
        )
        .expect("a vector takes every byte");
    }

    fn time(self) -> (u64, u64, u64) {
        let second = self.second_of_day;
        (second / 3600, second / 60 % 60, second % 60)
    }
}

/// Returns year, month and day so many days after 1970 began (Howard Hinnant, `civil_from_days`).
fn civil(days: u64) -> (i64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (i64::try_from(year).unwrap_or(i64::MAX), month, day)
}

#[cfg(test)]
mod tests {
    use super::Date;

    fn text(micros: u64) -> String {
        let mut out = Vec::new();
        Date::of(micros).write(&mut out);
        out.push(b' ');
        Date::of(micros).write_rfc3339(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn dates_are_written_as_haproxy_and_syslog_do() {
        let leap = text(1_709_209_845_001_999);
        assert_eq!(leap, "29/Feb/2024:12:30:45.001 2024-02-29T12:30:45.001999Z");
        assert_eq!(
            text(0),
            "01/Jan/1970:00:00:00.000 1970-01-01T00:00:00.000000Z"
        );
        let end = text(1_798_761_599_999_000);
        assert_eq!(end, "31/Dec/2026:23:59:59.999 2026-12-31T23:59:59.999000Z");
    }
}
