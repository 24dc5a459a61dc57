//! Session tickets that several proxies can read.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{Context, SHA256};
use octavia_amphora_api::SecretText;
use octavia_amphora_api::config::ClientCertificates;
use rustls::server::ProducesTickets;

/// How long a ticket may be used, in seconds: as long as rustls' own.
const LIFETIME: u32 = 12 * 60 * 60;
/// How much of a ticket tells which key opens it.
const NAME_BYTES: usize = 16;

/// Seals tickets with the first of its keys, and opens them with any.
pub(super) struct SharedTickets {
    keys: Vec<Key>,
}

struct Key {
    name: [u8; NAME_BYTES],
    key: RandomizedNonceKey,
}

impl SharedTickets {
    /// Reads keys: 32 bytes each, in hexadecimal. Their tickets are of use to those alone who check
    /// clients by `checks`: a session that is resumed is not checked again.
    pub(super) fn new(
        keys: &[SecretText],
        checks: Option<&ClientCertificates>,
    ) -> Result<Self, String> {
        let checks = of_checks(checks);
        let keys = keys.iter().map(|key| Key::read(key.reveal(), &checks));
        let keys: Option<Vec<_>> = keys.collect();
        let keys = keys.ok_or("a ticket key is not 32 bytes in hexadecimal")?;
        Ok(Self { keys })
    }
}

/// Returns what differs where clients are checked otherwise.
fn of_checks(checks: Option<&ClientCertificates>) -> Vec<u8> {
    let Some(checks) = checks else {
        return Vec::new();
    };
    let mut all = Context::new(&SHA256);
    let revocations = checks.revocations.as_deref().unwrap_or_default();
    for part in [
        format!("{:?}", checks.mode).as_str(),
        &checks.authorities,
        revocations,
    ] {
        all.update(&part.len().to_be_bytes());
        all.update(part.as_bytes());
    }
    all.finish().as_ref().to_vec()
}

impl Key {
    fn read(text: &str, checks: &[u8]) -> Option<Self> {
        let digits = text.as_bytes().chunks(2);
        let bytes: Option<Vec<u8>> = digits
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let bytes = bytes.filter(|_| text.len() == 64)?;
        let mut name = [0; NAME_BYTES];
        // Of a digest, so that the name tells nothing of the key.
        let mut whole = Context::new(&SHA256);
        whole.update(&bytes);
        whole.update(checks);
        name.copy_from_slice(&whole.finish().as_ref()[..NAME_BYTES]);
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes).ok()?;
        Some(Self { name, key })
    }
}

impl ProducesTickets for SharedTickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        LIFETIME
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let Key { name, key } = self.keys.first()?;
        let mut sealed = plain.to_vec();
        let aad = Aad::from(name.as_slice());
        let nonce = key.seal_in_place_append_tag(aad, &mut sealed).ok()?;
        Some([name, nonce.as_ref().as_slice(), &sealed].concat())
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (name, rest) = ticket.split_at_checked(NAME_BYTES)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN)?;
        let Key { key, .. } = self.keys.iter().find(|key| key.name == name)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let plain = key
            .open_in_place(nonce, Aad::from(name), &mut sealed)
            .ok()?;
        let length = plain.len();
        sealed.truncate(length);
        Some(sealed)
    }
}

impl fmt::Debug for SharedTickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedTickets({} keys)", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use octavia_amphora_api::SecretText;
    use rustls::server::ProducesTickets;

    use super::SharedTickets;

    fn tickets(keys: &[&str]) -> SharedTickets {
        let keys: Vec<_> = keys
            .iter()
            .map(|key| SecretText::new(key.repeat(32)))
            .collect();
        SharedTickets::new(&keys, None).expect("valid keys")
    }

    #[test]
    fn a_ticket_is_opened_by_whoever_has_its_key() {
        let ticket = tickets(&["0a"]).encrypt(b"a session").expect("a ticket");
        let after_rotation = tickets(&["0b", "0a"]);
        assert_eq!(
            after_rotation.decrypt(&ticket).as_deref(),
            Some(&b"a session"[..])
        );
        assert_eq!(tickets(&["0b"]).decrypt(&ticket), None);
    }

    #[test]
    fn a_ticket_that_was_changed_or_cut_is_not_opened() {
        let tickets = tickets(&["0a"]);
        let ticket = tickets.encrypt(b"a session").expect("a ticket");
        for length in 0..ticket.len() {
            assert_eq!(tickets.decrypt(&ticket[..length]), None);
            let mut changed = ticket.clone();
            changed[length] ^= 1;
            assert_eq!(tickets.decrypt(&changed), None);
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        for text in ["", "0a", "zz"] {
            assert!(SharedTickets::new(&[SecretText::new(text)], None).is_err());
        }
    }
}
