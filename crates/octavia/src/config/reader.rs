//! Reads options into typed structs, notes which were read, and collects what cannot be used.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use octavia_model::Secret;

use super::problem::{Origin, Problem, Problems, Remark};
use super::settings::{Name, Settings, spec};
use super::value::Value;

/// A reader of settings. Every role's options go through one, so that options that nobody reads are known.
pub(crate) struct Reader<'a> {
    settings: &'a Settings,
    read: RefCell<BTreeSet<Name>>,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Reader<'a> {
    /// Begins to read.
    pub(crate) fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            read: RefCell::default(),
            problems: RefCell::default(),
        }
    }

    /// Ends reading: remarks on what was said, among them options that have no use.
    pub(crate) fn finish(self) -> Result<Vec<Remark>, Problems> {
        let mut problems = self.settings.problems().to_vec();
        problems.extend(self.problems.into_inner());
        Problems::none_of(&problems)?;
        let read = self.read.into_inner();
        let without_use = self
            .settings
            .set()
            .filter(|(name, _)| !read.contains(name))
            .map(|((section, option), origin)| Remark::WithoutUse {
                origin: origin.to_string(),
                name: format!("[{section}] {option}"),
            });
        let mut remarks: BTreeSet<Remark> = self.settings.remarks().clone();
        remarks.extend(without_use);
        Ok(remarks.into_iter().collect())
    }

    /// Notes that a value cannot be used, and why.
    pub(crate) fn refuse(&self, name: Name, allowed: impl Into<String>) {
        let problem = self.problem(name, allowed);
        self.problems.borrow_mut().push(problem);
    }

    /// Describes what is wrong with a value.
    pub(crate) fn problem(&self, name: Name, allowed: impl Into<String>) -> Problem {
        let (value, origin) = self.settings.value(name);
        let written = match (&origin, value) {
            (Origin::Default, Value::Text(text)) if !spec(name).secret => text,
            _ => self.settings.written(name),
        };
        Problem::value(&origin, name, &written, &allowed.into())
    }

    fn value(&self, name: Name) -> Value {
        self.read.borrow_mut().insert(name);
        self.settings.value(name).0
    }

    /// Tells whether somebody set the option.
    pub(crate) fn is_set(&self, name: Name) -> bool {
        self.settings.value(name).1 != Origin::Default
    }

    /// A text that may be missing; an empty one counts as missing.
    pub(crate) fn text(&self, name: Name) -> Option<String> {
        let Value::Text(text) = self.value(name) else {
            return None;
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// A secret text that may be missing.
    pub(crate) fn secret(&self, name: Name) -> Option<Secret<String>> {
        self.text(name).map(Secret::new)
    }

    /// A path that may be missing.
    pub(crate) fn path(&self, name: Name) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    /// Yes or no.
    pub(crate) fn boolean(&self, name: Name) -> bool {
        self.value(name) == Value::Boolean(true)
    }

    /// A whole number that may be missing.
    pub(crate) fn integer(&self, name: Name) -> Option<i64> {
        let Value::Integer(number) = self.value(name) else {
            return None;
        };
        Some(number)
    }

    /// A whole number within the limits of its use; the default of `T` stands in for one that is refused.
    pub(crate) fn number<T: TryFrom<i64> + Default>(&self, name: Name) -> T {
        match self.integer(name).map(T::try_from) {
            Some(Ok(number)) => number,
            Some(Err(_)) => {
                self.refuse(name, "it is out of range");
                T::default()
            }
            None => {
                self.refuse(name, "it is a number, and needs a value");
                T::default()
            }
        }
    }

    /// A time in seconds, whole or not.
    pub(crate) fn seconds(&self, name: Name) -> Duration {
        self.duration(name).unwrap_or_else(|| {
            self.refuse(name, "it is a time in seconds, 0 or more");
            Duration::ZERO
        })
    }

    /// A time in seconds, above zero.
    pub(crate) fn interval(&self, name: Name) -> Duration {
        let above_zero = self.duration(name).filter(|length| !length.is_zero());
        above_zero.unwrap_or_else(|| {
            self.refuse(name, "it is a time in seconds, above 0");
            Duration::ZERO
        })
    }

    fn duration(&self, name: Name) -> Option<Duration> {
        Duration::try_from_secs_f64(self.value(name).as_float()?).ok()
    }

    /// A list.
    pub(crate) fn list(&self, name: Name) -> Vec<String> {
        let Value::List(items) = self.value(name) else {
            return Vec::new();
        };
        items
    }

    /// A list of pairs.
    pub(crate) fn pairs(&self, name: Name) -> Vec<(String, String)> {
        let Value::Dict(pairs) = self.value(name) else {
            return Vec::new();
        };
        pairs
    }

    /// An address and a port, of two options.
    pub(crate) fn socket_address(&self, host: Name, port: Name) -> SocketAddr {
        SocketAddr::new(self.address(host), self.number(port))
    }

    fn address(&self, name: Name) -> IpAddr {
        self.parsed(name, "it is an IPv4 or IPv6 address")
            .unwrap_or(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST))
    }

    /// A text of a form of its own.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, name: Name, allowed: &str) -> Option<T> {
        let text = self.text(name)?;
        text.parse()
            .inspect_err(|_| self.refuse(name, allowed))
            .ok()
    }

    /// A list of items of a form of their own.
    pub(crate) fn parsed_list<T: std::str::FromStr>(&self, name: Name, allowed: &str) -> Vec<T> {
        self.list(name)
            .iter()
            .filter_map(|item| {
                item.parse()
                    .inspect_err(|_| self.refuse(name, format!("'{item}': {allowed}")))
                    .ok()
            })
            .collect()
    }
}
