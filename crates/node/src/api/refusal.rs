//! [`Refusal`]: a no, in a sentence that says what to do.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_client::signed_request::RequestError;
use grid_executor::StoreError;
use std::io;

/// An answer that is not what was asked for.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    retry_after_seconds: Option<u32>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after_seconds: None }
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// For what may work later.
    pub(super) fn later(status: StatusCode, seconds: u32, message: impl Into<String>) -> Self {
        Self { retry_after_seconds: Some(seconds), ..Self::new(status, message) }
    }
}

impl From<RequestError> for Refusal {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::TooManyOfKey { .. } => {
                Self::later(StatusCode::TOO_MANY_REQUESTS, 60, error.to_string())
            }
            RequestError::TooMany => Self::later(StatusCode::SERVICE_UNAVAILABLE, 60, error.to_string()),
            _ => Self::new(StatusCode::UNAUTHORIZED, error.to_string()),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::DigestMismatch { expected, actual, .. } => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("The body's SHA-256 is {actual}, not {expected}: nothing was kept."),
            ),
            StoreError::TooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
            StoreError::Io { error: cause, .. } if is_full(cause) => {
                tracing::warn!(%error, "an upload found no room");
                Self::later(
                    StatusCode::INSUFFICIENT_STORAGE,
                    600,
                    "This node has no room left: nothing was kept. Try again later, or serve the content to it yourself.",
                )
            }
            // Paths of this machine are nothing for strangers.
            _ => {
                tracing::warn!(%error, "an upload failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "This node could not keep the content.")
            }
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.message + "\n").into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_as_one_and_no_path_is() {
        let of = |kind: io::ErrorKind| {
            let error = StoreError::Io { path: "/secret/place".into(), error: kind.into() };
            Refusal::from(error)
        };
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            let refusal = of(kind);
            assert_eq!(refusal.status, StatusCode::INSUFFICIENT_STORAGE);
            assert!(refusal.retry_after_seconds.is_some() && !refusal.message.contains("secret"));
        }
        let refusal = of(io::ErrorKind::PermissionDenied);
        assert_eq!(refusal.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!refusal.message.contains("secret"));
    }
}
