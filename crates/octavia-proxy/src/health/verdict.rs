//! From checks to a verdict. Pure.

/// How many checks in a row it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Thresholds {
    /// Successes that put a member back.
    pub(crate) rise: u32,
    /// Failures that take a member out.
    pub(crate) fall: u32,
}

/// What is thought of a member, and how sure that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was not asked yet: it counts as up, and one failure is enough (as in HAProxy).
    Assumed,
    /// It is up, though so many checks in a row have failed.
    Up(u32),
    /// It is down, though so many checks in a row have succeeded.
    Down(u32),
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The member works.
    Success,
    /// It does not.
    Failure,
}

impl Verdict {
    /// Returns the verdict after one more check.
    pub(crate) fn after(self, outcome: Outcome, thresholds: Thresholds) -> Self {
        match (self, outcome) {
            (Self::Assumed | Self::Up(_), Outcome::Success) => Self::Up(0),
            (Self::Assumed | Self::Down(_), Outcome::Failure) => Self::Down(0),
            (Self::Up(failures), Outcome::Failure) if failures + 1 >= thresholds.fall => {
                Self::Down(0)
            }
            (Self::Up(failures), Outcome::Failure) => Self::Up(failures + 1),
            (Self::Down(successes), Outcome::Success) if successes + 1 >= thresholds.rise => {
                Self::Up(0)
            }
            (Self::Down(successes), Outcome::Success) => Self::Down(successes + 1),
        }
    }

    /// Tells whether the member is out.
    pub(crate) fn is_down(self) -> bool {
        matches!(self, Self::Down(_))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Outcome::{Failure, Success};
    use super::{Outcome, Thresholds, Verdict};

    const THRESHOLDS: Thresholds = Thresholds { rise: 2, fall: 3 };

    fn history(outcomes: &[Outcome]) -> String {
        let mut verdict = Verdict::Assumed;
        let mut letter = |outcome: &Outcome| {
            verdict = verdict.after(*outcome, THRESHOLDS);
            if verdict.is_down() { 'd' } else { 'u' }
        };
        outcomes.iter().map(&mut letter).collect()
    }

    #[test]
    fn the_first_check_decides_alone() {
        assert_eq!(history(&[Failure]), "d");
        assert_eq!(history(&[Success, Failure, Failure, Failure]), "uuud");
    }

    #[test]
    fn one_success_forgives_all_failures() {
        assert_eq!(
            history(&[Success, Failure, Failure, Success, Failure, Failure]),
            "uuuuuu"
        );
    }

    #[test]
    fn one_failure_spoils_all_successes() {
        assert_eq!(
            history(&[Failure, Success, Failure, Success, Success]),
            "ddddu"
        );
    }

    proptest! {
        #[test]
        fn a_verdict_turns_only_after_as_many_checks_as_asked(
            outcomes in prop::collection::vec(prop_oneof![Just(Success), Just(Failure)], 1..60),
            rise in 1_u32..10, fall in 1_u32..10,
        ) {
            let thresholds = Thresholds { rise, fall };
            let mut verdict = Verdict::Assumed.after(outcomes[0], thresholds);
            let mut streak = 1;
            for pair in outcomes.windows(2) {
                streak = if pair[0] == pair[1] { streak + 1 } else { 1 };
                let before = verdict;
                verdict = verdict.after(pair[1], thresholds);
                let turned = before.is_down() != verdict.is_down();
                let needed = if before.is_down() { rise } else { fall };
                prop_assert!(!turned || streak >= needed);
                let disagrees = before.is_down() == (pair[1] == Success);
                prop_assert_eq!(turned, disagrees && streak >= needed);
            }
        }
    }
}
