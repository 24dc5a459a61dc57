//! What is to be reached.

/// What a row is to reach.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// Ours is at most so many times the peer's.
    Ratio(f64),
    /// Ours is at most this.
    Ours(f64),
    /// Nothing is demanded: such rows are read beside each other.
    None,
}

impl Target {
    /// Returns the target, and whether the medians of ours, the peer's and their ratio meet it.
    pub(crate) fn judge(self, [ours, _, ratio, ..]: &[f64; 5]) -> [String; 2] {
        let (limit, found) = match self {
            Self::Ratio(limit) => (limit, ratio),
            Self::Ours(limit) => (limit, ours),
            Self::None => return ["-", "-"].map(str::to_owned),
        };
        // As it is printed: nobody can see more of it.
        let is_met = (found * 100.0).round() <= (limit * 100.0).round();
        let verdict = if is_met { "met" } else { "missed" };
        [format!("{limit:.2}"), verdict.to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn a_target_is_met_up_to_what_is_printed() {
        let found = [7.0, 10.0, 0.704, 0.1, 0.9];
        assert_eq!(Target::Ratio(0.7).judge(&found), ["0.70", "met"]);
        assert_eq!(Target::Ratio(0.69).judge(&found), ["0.69", "missed"]);
        assert_eq!(Target::Ours(6.0).judge(&found), ["6.00", "missed"]);
        assert_eq!(Target::None.judge(&found), ["-", "-"]);
        assert_eq!(Target::Ratio(1.0).judge(&[f64::NAN; 5])[1], "missed");
    }
}
