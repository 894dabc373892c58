//! What goes wrong between a node and the shared tier, in words for an operator.
//!
//! Owns: what each refusal of a server means, and what has to be done about the connection. Must not: speak to a server.
//! Called by: `link`, `writer`, `answer`, `connect`.

use std::sync::Arc;

use redis::{RedisError, ServerError};

use crate::backbone::BackboneError;

/// Why a shared tier cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No connection, or none that lasts.
    #[error("the shared tier at {address} cannot be reached: {reason}")]
    Unreachable {
        /// Which server.
        address: Arc<str>,
        /// In the system's words.
        reason: Arc<str>,
    },
    /// Its user or password is wrong, or the user may not do what is needed.
    #[error("the shared tier at {address} lets nobody in: {reason}")]
    Refused {
        /// Which server.
        address: Arc<str>,
        /// What to set.
        reason: Arc<str>,
    },
    /// It answers, but cannot serve as a shared tier.
    #[error("the server at {address} cannot be the shared tier: {reason}")]
    Unfit {
        /// Which server.
        address: Arc<str>,
        /// Why, and what to do.
        reason: Arc<str>,
    },
}

impl OpenError {
    /// Whether trying again by itself may help; otherwise somebody has to change something.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    pub(super) fn unreachable(address: &impl ToString, reason: impl Into<Arc<str>>) -> Self {
        Self::Unreachable {
            address: address.to_string().into(),
            reason: reason.into(),
        }
    }

    pub(super) fn unfit(address: &impl ToString, reason: impl Into<Arc<str>>) -> Self {
        Self::Unfit {
            address: address.to_string().into(),
            reason: reason.into(),
        }
    }

    /// What the failure of a connection or of its first commands means.
    pub(super) fn of(address: &impl ToString, error: &RedisError) -> Self {
        let address: Arc<str> = address.to_string().into();
        let detail = error.detail().unwrap_or_default();
        let code = error.code().unwrap_or_default();
        let told = format!("{code} {detail}");
        if error.kind() == redis::ErrorKind::AuthenticationFailed
            || ["WRONGPASS", "NOAUTH", "NOPERM"]
                .iter()
                .any(|word| told.contains(word))
        {
            let reason = match code {
                "NOPERM" => format!("the user may not do what the gateway needs ({detail})"),
                _ => "user or password is wrong (backbone.username, backbone.password_file)"
                    .to_owned(),
            };
            return Self::Refused {
                address,
                reason: reason.into(),
            };
        }
        Self::Unreachable {
            address,
            reason: error.to_string().into(),
        }
    }
}

/// What a refusal means for the connection it came over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// None: the call is refused, the next one may not be.
    None,
    /// This server is not the one to ask any more, or has lost the functions: connect anew, wherever the primary is now.
    Reconnect,
}

/// A server's refusal in the contract's words, and what to do.
pub(super) fn refusal(error: &ServerError) -> (BackboneError, Remedy) {
    let detail = error.details().unwrap_or_default();
    let failed = |words: String| BackboneError::Failed {
        reason: words.into(),
    };
    match error.code() {
        "OOM" => (BackboneError::Full, Remedy::None),
        "READONLY" => (
            failed("the server has become a replica".to_owned()),
            Remedy::Reconnect,
        ),
        "MASTERDOWN" | "CLUSTERDOWN" | "MOVED" | "ASK" | "TRYAGAIN" => (
            failed(format!("the keys are elsewhere: {}", error.code())),
            Remedy::Reconnect,
        ),
        "LOADING" => (
            failed("the server is still reading its data".to_owned()),
            Remedy::Reconnect,
        ),
        "NOREPLICAS" => (
            failed(
                "too few replicas are connected to the shared tier (min-replicas-to-write)"
                    .to_owned(),
            ),
            Remedy::None,
        ),
        "MISCONF" => (
            failed("the shared tier cannot write to its disk (MISCONF)".to_owned()),
            Remedy::None,
        ),
        "NOPERM" | "NOAUTH" => (
            failed(format!("the shared tier refuses this user: {detail}")),
            Remedy::Reconnect,
        ),
        _ if detail.contains("WRONGTYPE") || error.code() == "WRONGTYPE" => (
            failed(
                "a key of the gateway holds something else: another program uses the same key prefix"
                    .to_owned(),
            ),
            Remedy::None,
        ),
        _ if detail.contains("Function not found") => (
            failed("the shared tier has lost the gateway's functions".to_owned()),
            Remedy::Reconnect,
        ),
        code => (failed(format!("{code} {detail}")), Remedy::None),
    }
}

/// Whether a refusal of an append says that the log already holds what the session's hash does not know of.
pub(super) fn is_damage(error: &ServerError) -> bool {
    error
        .details()
        .is_some_and(|detail| detail.contains("equal or smaller"))
}
