//! Fields that came, judged (RFC 9113 sections 8.1 to 8.3), and written as the head of an HTTP/1.1
//! message.
//!
//! What could mean something else as text is malformed here: a stream with it is reset.

mod field;
mod reason;
mod request;
mod response;
mod trailers;

use super::stream::Packing;

pub(super) use request::RequestHead;
pub(super) use response::ResponseHead;
pub(super) use trailers::Trailers;

/// What is known of a message once its head was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// The length of its body, if that is declared.
    pub(super) length: Option<u64>,
    /// How its body is packed.
    pub(super) packing: Packing,
    /// Whether it is more than we read.
    pub(super) is_too_large: bool,
    /// What kind it is.
    pub(super) kind: Kind,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A request, and the answer to it has no body whatever it says (HEAD).
    HeadRequest,
    /// Another request.
    Request,
    /// A response before the answer (1xx).
    Interim,
    /// An answer.
    Response,
}

/// Why a head is malformed.
pub(super) type Malformed = &'static str;

#[cfg(test)]
mod tests;
