//! Idle connections to members that carry the address of one client, and serve nobody else.

use std::sync::Arc;

use super::Io;
use super::member::{Members, Wanted};
use crate::config::MemberState;
use crate::limits;
use crate::runtime::slots::Key;

impl Members {
    /// Takes one of `own` to `member`, as [`Members::reuse`] does.
    pub(super) fn reuse_own(
        &mut self,
        own: &mut Vec<Key>,
        member: &Arc<MemberState>,
        wanted: Wanted<'_>,
    ) -> Option<Key> {
        let mut is_to_member = |key: &Key| {
            let connection = self.get_mut(*key);
            connection.is_some_and(|connection| {
                Arc::ptr_eq(&connection.state, member)
                    && connection.security.as_ref() == wanted.security
            })
        };
        let at = own.iter().rposition(&mut is_to_member)?;
        let key = self.take(own[at], wanted)?;
        own.swap_remove(at);
        Some(key)
    }

    /// Takes a connection back among `own`; the oldest leaves if there are too many.
    pub(super) fn release_own(&mut self, key: Key, own: &mut Vec<Key>, io: &mut Io) {
        own.retain(|key| self.get_mut(*key).is_some());
        if own.len() >= limits::OWN_CONNECTIONS {
            self.close(own.remove(0));
        }
        self.rest(key, io);
        own.push(key);
    }
}
