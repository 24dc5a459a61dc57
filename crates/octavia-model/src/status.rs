/// A name that is none of the known ones.
#[derive(Debug, thiserror::Error)]
#[error("'{name}' is not a known {kind}")]
pub struct UnknownName {
    /// What was looked for, for example `provisioning status`.
    pub kind: &'static str,
    /// The name as it was given.
    pub name: String,
}

/// Defines an enum with one upper-case text for each variant, as upstream stores and shows it.
macro_rules! names {
    ($(#[$doc:meta])* $kind:literal pub enum $type:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $type { $($(#[$vdoc])* $variant,)+ }

        impl $type {
            /// All values, in the order of their definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the text that the API shows and the database stores.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::UnknownName;

            fn from_str(name: &str) -> Result<Self, $crate::UnknownName> {
                match name {
                    $($text => Ok(Self::$variant),)+
                    other => Err($crate::UnknownName { kind: $kind, name: other.to_owned() }),
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use names;

names! {
    /// What the controller is doing with an object.
    "provisioning status"
    pub enum ProvisioningStatus {
        /// The object is as it is wanted.
        Active = "ACTIVE",
        /// The object is being made.
        PendingCreate = "PENDING_CREATE",
        /// The object is being changed.
        PendingUpdate = "PENDING_UPDATE",
        /// The object is being removed.
        PendingDelete = "PENDING_DELETE",
        /// The last change did not succeed in time; the controller goes on trying.
        Error = "ERROR",
        /// The object is gone. Stored for load balancers only.
        Deleted = "DELETED",
    }
}

names! {
    /// What the traffic sees of an object.
    "operating status"
    pub enum OperatingStatus {
        /// It works.
        Online = "ONLINE",
        /// It is disabled, unused, or nothing was reported yet.
        Offline = "OFFLINE",
        /// A part of it fails, or it is at its connection limit.
        Degraded = "DEGRADED",
        /// It does not work.
        Error = "ERROR",
        /// A member with weight 0: it takes no new connections.
        Draining = "DRAINING",
        /// A member of a pool without a health monitor.
        NoMonitor = "NO_MONITOR",
    }
}

/// What a caller wants to do to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// Change it, or anything below it.
    Update,
    /// Remove it.
    Delete,
    /// Replace the amphorae under it.
    Failover,
}

/// The object is in a status that does not allow the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an object in {0} cannot be changed")]
pub struct Immutable(pub ProvisioningStatus);

impl ProvisioningStatus {
    /// Returns the status of a **load balancer** once `change` is accepted.
    ///
    /// # Errors
    ///
    /// [`Immutable`] when its present status does not allow the change (upstream's rule: updates
    /// need `ACTIVE`; deletion and failover also work from `ERROR`).
    pub const fn begin(self, change: Change) -> Result<Self, Immutable> {
        match (self, change) {
            (Self::Active, Change::Update) | (Self::Active | Self::Error, Change::Failover) => {
                Ok(Self::PendingUpdate)
            }
            (Self::Active | Self::Error, Change::Delete) => Ok(Self::PendingDelete),
            (Self::Error, Change::Update)
            | (
                Self::PendingCreate | Self::PendingUpdate | Self::PendingDelete | Self::Deleted,
                Change::Update | Change::Delete | Change::Failover,
            ) => Err(Immutable(self)),
        }
    }

    /// Tells whether a change is on its way.
    pub const fn is_pending(self) -> bool {
        match self {
            Self::PendingCreate | Self::PendingUpdate | Self::PendingDelete => true,
            Self::Active | Self::Error | Self::Deleted => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_status_against_every_change() {
        let mut table = String::new();
        for status in ProvisioningStatus::ALL {
            for change in [Change::Update, Change::Delete, Change::Failover] {
                let after = status
                    .begin(change)
                    .map_or("refused".to_owned(), |s| s.to_string());
                let change = format!("{change:?}");
                let status = status.to_string();
                writeln!(table, "{status:<15} {change:<9} {after}").unwrap();
            }
        }
        insta::assert_snapshot!(table, @r"
        ACTIVE          Update    PENDING_UPDATE
        ACTIVE          Delete    PENDING_DELETE
        ACTIVE          Failover  PENDING_UPDATE
        PENDING_CREATE  Update    refused
        PENDING_CREATE  Delete    refused
        PENDING_CREATE  Failover  refused
        PENDING_UPDATE  Update    refused
        PENDING_UPDATE  Delete    refused
        PENDING_UPDATE  Failover  refused
        PENDING_DELETE  Update    refused
        PENDING_DELETE  Delete    refused
        PENDING_DELETE  Failover  refused
        ERROR           Update    refused
        ERROR           Delete    PENDING_DELETE
        ERROR           Failover  PENDING_UPDATE
        DELETED         Update    refused
        DELETED         Delete    refused
        DELETED         Failover  refused
        ");
    }

    #[test]
    fn names_are_read_back() {
        for status in ProvisioningStatus::ALL {
            assert_eq!(
                status.as_str().parse::<ProvisioningStatus>().unwrap(),
                *status
            );
        }
        for status in OperatingStatus::ALL {
            assert_eq!(status.as_str().parse::<OperatingStatus>().unwrap(), *status);
        }
    }
}
