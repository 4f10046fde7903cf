//! The types that travel: over the public API (`/v1`), from `serve` to `host`, and between `edge` and `serve`.
//!
//! Nothing here decides anything. Wire types are made from domain types at the door and never travel past it.

pub mod accounts;
pub mod agents;
pub mod audit;
pub mod billing;
pub mod books;
pub mod catalogue;
pub mod console;
pub mod credits;
pub mod edge;
pub mod host;
pub mod jobs;
pub mod limits;
pub mod members;
pub mod operator;
pub mod portable;
pub mod problem;
pub mod security;
pub mod tickets;
pub mod usage;
pub mod waves;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};

/// The schema of a text, with the pattern or the format that it must have.
pub(crate) fn text_schema(pattern: Option<&str>, format: Option<&str>) -> RefOr<Schema> {
    let format = format.map(|name| match name {
        "date-time" => SchemaFormat::KnownFormat(KnownFormat::DateTime),
        other => SchemaFormat::Custom(other.to_owned()),
    });
    ObjectBuilder::new().schema_type(Type::String).pattern(pattern.map(str::to_owned)).format(format).into()
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Give it as `cursor` to get what follows; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
