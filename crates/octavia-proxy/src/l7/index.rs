use std::collections::HashMap;

use super::condition::{Condition, Place, Test};
use super::dictionary::{BadTest, Dictionary};
use super::request::{self, Request};

/// From a request to the conditions that hold for it: each part of the request is looked at once,
/// and its dictionary is found by hash.
#[derive(Default)]
pub(super) struct Index {
    path: Dictionary,
    host: Option<Dictionary>,
    headers: HashMap<Vec<u8>, Dictionary>,
    cookies: HashMap<Vec<u8>, Dictionary>,
    verify_result: Dictionary,
    subject: Vec<(String, Dictionary)>,
    /// The condition that the client showed a certificate.
    certificate: Option<usize>,
    /// How many conditions there are.
    count: usize,
}

/// The conditions that hold.
pub(super) struct Found {
    flags: Vec<u64>,
    list: Vec<usize>,
}

impl Found {
    fn none_of(count: usize) -> Self {
        Self {
            flags: vec![0; count.div_ceil(64)],
            list: Vec::new(),
        }
    }

    fn add(&mut self, condition: usize) {
        if !self.has(condition) {
            self.flags[condition / 64] |= 1 << (condition % 64);
            self.list.push(condition);
        }
    }

    /// Tells whether a condition holds.
    pub(super) fn has(&self, condition: usize) -> bool {
        self.flags[condition / 64] >> (condition % 64) & 1 == 1
    }

    /// Returns each that holds, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.list.iter().copied()
    }
}

impl Index {
    /// Compiles conditions, which are numbered by their place.
    pub(super) fn compile(conditions: Vec<Condition>) -> Result<Self, BadTest> {
        let mut index = Self {
            count: conditions.len(),
            ..Self::default()
        };
        let mut places: HashMap<Place, Vec<(Test, usize)>> = HashMap::new();
        for (number, condition) in conditions.into_iter().enumerate() {
            let tests = places.entry(condition.place).or_default();
            tests.push((condition.test, number));
        }
        for (place, tests) in places {
            index.add(place, tests)?;
        }
        Ok(index)
    }

    fn add(&mut self, place: Place, tests: Vec<(Test, usize)>) -> Result<(), BadTest> {
        if place == Place::Certificate {
            self.certificate = tests.first().map(|(_, number)| *number);
            return Ok(());
        }
        let dictionary = Dictionary::compile(tests, place == Place::Host)?;
        match place {
            Place::Path => self.path = dictionary,
            Place::Host => self.host = Some(dictionary),
            Place::Header(name) => drop(self.headers.insert(name, dictionary)),
            Place::Cookie(name) => drop(self.cookies.insert(name, dictionary)),
            Place::VerifyResult => self.verify_result = dictionary,
            Place::SubjectPart(name) => self.subject.push((name, dictionary)),
            Place::Certificate => {}
        }
        Ok(())
    }

    /// Returns the conditions that hold for a request.
    pub(super) fn look(&self, request: &Request<'_>) -> Found {
        let mut found = Found::none_of(self.count);
        self.path.look(request.path, |number| found.add(number));
        self.look_at_headers(request, &mut found);
        // A client whose certificate is not valid gets no connection.
        self.verify_result.look(b"0", |number| found.add(number));
        if let Some(peer) = request.peer {
            if let Some(number) = self.certificate {
                found.add(number);
            }
            for (name, dictionary) in &self.subject {
                if let Some(part) = peer.subject_part(name) {
                    dictionary.look(part, |number| found.add(number));
                }
            }
        }
        found
    }

    fn look_at_headers(&self, request: &Request<'_>, found: &mut Found) {
        if self.host.is_none() && self.headers.is_empty() && self.cookies.is_empty() {
            return;
        }
        let mut name = Vec::new();
        for header in request.headers {
            name.clear();
            name.extend(header.name.bytes().map(|byte| byte.to_ascii_lowercase()));
            if let Some(dictionary) = self.headers.get(&name) {
                request::values(header.value)
                    .for_each(|value| dictionary.look(value, |number| found.add(number)));
            }
            match (&*name, &self.host) {
                (b"host", Some(dictionary)) => request::values(header.value).for_each(|value| {
                    dictionary.look(&value.to_ascii_lowercase(), |number| found.add(number));
                }),
                (b"cookie", _) => self.look_at_cookies(header.value, found),
                _ => {}
            }
        }
    }

    fn look_at_cookies(&self, line: &[u8], found: &mut Found) {
        if self.cookies.is_empty() {
            return;
        }
        for (name, value) in request::cookies(line) {
            if let Some(dictionary) = self.cookies.get(name) {
                dictionary.look(value, |number| found.add(number));
            }
        }
    }
}
