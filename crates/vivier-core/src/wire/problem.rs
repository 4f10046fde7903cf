//! Errors as `application/problem+json` (RFC 9457).

use serde::{Deserialize, Serialize};

use super::limits::LimitProblem;

/// What went wrong, for the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// A stable name of the kind of problem, such as `quota_exceeded`: what a program decides by.
    pub code: String,
    /// One line for a person.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here, and what to do next.
    pub detail: String,
    /// The fields that are wrong, where fields are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// The limit that was met, how much of it is used and when it frees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitProblem>,
    /// When to try again, in seconds, where waiting helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
    /// Give it to support: it finds the log lines of this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldProblem {
    /// Its path in the body, such as `channels[0].tokens.bot_token`.
    pub path: String,
    /// What it must be.
    pub message: String,
    /// The line of a configuration document, where the field is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}
