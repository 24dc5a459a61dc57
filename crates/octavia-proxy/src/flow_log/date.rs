//! Dates as HAProxy writes them, in UTC: `20/Nov/2026:15:44:39.237`.

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A moment, in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    year: u64,
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
        let month = usize::try_from(self.month - 1).unwrap_or(0);
        decimal(self.day, 2, out);
        out.push(b'/');
        out.extend_from_slice(MONTHS[month % 12].as_bytes());
        out.push(b'/');
        decimal(self.year, 4, out);
        out.push(b':');
        self.write_time(out);
        out.push(b'.');
        decimal(self.micros / 1000, 3, out);
    }

    /// Writes it as RFC 3339 has it, with microseconds.
    pub(super) fn write_rfc3339(self, out: &mut Vec<u8>) {
        decimal(self.year, 4, out);
        out.push(b'-');
        decimal(self.month, 2, out);
        out.push(b'-');
        decimal(self.day, 2, out);
        out.push(b'T');
        self.write_time(out);
        out.push(b'.');
        decimal(self.micros, 6, out);
        out.push(b'Z');
    }

    fn write_time(self, out: &mut Vec<u8>) {
        let second = self.second_of_day;
        decimal(second / 3600, 2, out);
        out.push(b':');
        decimal(second / 60 % 60, 2, out);
        out.push(b':');
        decimal(second % 60, 2, out);
    }
}

/// Writes a number with at least so many digits. Every line has a dozen of them, and the machinery
/// behind `write!` costs as much as all the rest of a line.
pub(super) fn decimal(mut number: u64, digits: usize, out: &mut Vec<u8>) {
    const MOST: usize = 20;
    let mut text = [b'0'; MOST];
    let mut start = MOST;
    while number > 0 {
        start -= 1;
        text[start] = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
    out.extend_from_slice(&text[start.min(MOST - digits.min(MOST))..]);
}

/// Returns year, month and day so many days after 1970 began (Howard Hinnant, `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
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
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::{Date, decimal};

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

    #[test]
    fn numbers_have_at_least_the_digits_that_are_asked_for() {
        let mut out = Vec::new();
        for (number, digits) in [(0, 1), (7, 3), (1234, 2), (u64::MAX, 1)] {
            decimal(number, digits, &mut out);
            out.push(b' ');
        }
        assert_eq!(out, b"0 007 1234 18446744073709551615 ");
    }
}
