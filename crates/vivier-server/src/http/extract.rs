//! What a request brings, parsed at the door: bodies, path ids and queries, each refused as a problem that names the field.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::{ApiError, for_status};

/// The largest body, in bytes: a configuration document (256 KiB) with many characters escaped still fits.
pub const MAX_BODY: usize = 1024 * 1024;

/// A JSON body.
pub struct Body<T>(pub T);

/// A JSON body that may be absent altogether.
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + Serialize, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let headers = request.headers().clone();
        if !is_json(&headers) {
            return Err(for_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let bytes = read(request.into_body()).await?;
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned + Serialize + Default, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let headers = request.headers().clone();
        let bytes = read(request.into_body()).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        if !is_json(&headers) {
            return Err(for_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        parse::<Option<T>>(&bytes).map(|body| Self(body.unwrap_or_default()))
    }
}

/// The whole body, when it is not too large.
pub(super) async fn read(body: axum::body::Body) -> Result<Bytes, ApiError> {
    axum::body::to_bytes(body, MAX_BODY).await.map_err(|error| {
        let error: &(dyn std::error::Error + 'static) = &error;
        let too_large = std::iter::successors(Some(error), |error| error.source()).any(|error| error.is::<http_body_util::LengthLimitError>());
        if too_large { for_status(StatusCode::PAYLOAD_TOO_LARGE) } else { malformed("The body ended before it was complete.") }
    })
}

fn malformed(detail: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "malformed", "The request is malformed", detail)
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn parse<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, ApiError> {
    if escaped_nul(bytes) {
        // No field has a use for U+0000, and PostgreSQL cannot keep one.
        return Err(ApiError::field("", "holds the character U+0000, which is not accepted"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        // serde_json calls a word or number that is expected, and not there, a fault of the syntax.
        let is_data = error.inner().classify() == serde_json::error::Category::Data;
        if !is_data && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() {
            return ApiError::field(path, "has the wrong type");
        }
        explain(path, error.inner())
    })?;
    deserializer.end().map_err(|_| malformed("The body is not one JSON value: something follows it."))?;
    // serde takes a list for a structure, field by field; the document promises objects.
    if bytes.contains(&b'[')
        && let (Ok(given), Ok(meant)) = (serde_json::from_slice(bytes), serde_json::to_value(&value))
        && let Some(path) = list_for_object(&given, &meant)
    {
        return Err(ApiError::field(path, "must be an object"));
    }
    Ok(value)
}

/// Where a list was given for an object.
fn list_for_object(given: &Value, meant: &Value) -> Option<String> {
    match (given, meant) {
        (Value::Array(_), Value::Object(_)) => Some(String::new()),
        (Value::Array(given), Value::Array(meant)) => {
            given.iter().zip(meant).enumerate().find_map(|(index, (given, meant))| Some(join(&format!("[{index}]"), &list_for_object(given, meant)?)))
        }
        (Value::Object(given), Value::Object(meant)) => given.iter().find_map(|(key, given)| Some(join(key, &list_for_object(given, meant.get(key)?)?))),
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_), _) => None,
    }
}

fn join(before: &str, after: &str) -> String {
    if after.is_empty() || after.starts_with('[') { format!("{before}{after}") } else { format!("{before}.{after}") }
}

/// Whether a JSON text spells U+0000 (`\u0000` whose backslash is not itself escaped).
fn escaped_nul(bytes: &[u8]) -> bool {
    let mut place = 0;
    while let Some(found) = bytes.get(place..).and_then(|rest| rest.iter().position(|&byte| byte == b'\\')) {
        let at = place + found;
        if bytes[at + 1..].starts_with(b"u0000") {
            return true;
        }
        place = at + 2;
    }
    false
}

/// serde's words for a person, without the value that was sent: it may be a secret in the wrong place.
fn explain(mut path: String, error: &serde_json::Error) -> ApiError {
    match error.classify() {
        serde_json::error::Category::Io | serde_json::error::Category::Syntax | serde_json::error::Category::Eof => {
            return malformed(format!("The body is not valid JSON (line {}, column {}).", error.line(), error.column()));
        }
        serde_json::error::Category::Data => {}
    }
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    let expected = || text.rsplit_once(", expected ").map(|(_, expected)| expected);
    let quoted = || text.split('`').nth(1).unwrap_or_default();
    let message = if text.starts_with("missing field") {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(quoted());
        "is required".to_owned()
    } else if text.starts_with("unknown field") {
        expected().map_or_else(|| "is not known here".to_owned(), |known| format!("is not known here; known: {}", known.trim_start_matches("one of ")))
    } else if text.starts_with("duplicate field") {
        "is given twice".to_owned()
    } else if ["unknown variant", "invalid type", "invalid value", "invalid length"].iter().any(|start| text.starts_with(start)) {
        expected().map_or_else(|| "has the wrong type".to_owned(), |expected| format!("must be {expected}"))
    } else {
        // Our own parsers' words, which never repeat what they were given.
        text.to_owned()
    };
    ApiError::field(path, message)
}

/// The query string.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let axum::extract::Query(pairs) = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| malformed("The query is not a list of `name=value` in UTF-8."))?;
        let mut seen = serde_json::Map::new();
        for (name, value) in pairs {
            if value.chars().any(char::is_control) {
                return Err(ApiError::field(clip(&name), "may not hold control characters"));
            }
            if seen.contains_key(&name) {
                return Err(ApiError::field(clip(&name), "is given twice"));
            }
            seen.insert(name, serde_json::Value::String(value));
        }
        serde_path_to_error::deserialize(serde_json::Value::Object(seen)).map(Self).map_err(|error| {
            let path = error.path().to_string();
            explain(if path == "." { String::new() } else { clip(&path) }, error.inner())
        })
    }
}

fn clip(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(60).collect()
}

/// Reads a whole number out of a query's text.
pub mod number {
    use serde::{Deserialize as _, Deserializer, de::Error as _};

    pub fn deserialize<'de, D: Deserializer<'de>, T: std::str::FromStr>(deserializer: D) -> Result<Option<T>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Some).map_err(|_| D::Error::custom("must be a whole number within its range"))
    }
}

/// Reads `true` or `false` out of a query's text.
pub mod flag {
    use serde::{Deserialize as _, Deserializer, de::Error as _};

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(D::Error::custom("must be true or false")),
        }
    }
}

/// One part of the path, by its name in the route.
///
/// # Errors
/// 400 with the parameter's name when it is not what the route names there.
pub async fn path_part<T, S>(parts: &mut Parts, state: &S, name: &str) -> Result<T, ApiError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
    S: Send + Sync,
{
    let params = RawPathParams::from_request_parts(parts, state).await.map_err(|rejection| {
        // axum names the part in its sentence, in backticks: it need not be the one that is asked for.
        let sentence = rejection.body_text();
        ApiError::field(sentence.split('`').nth(1).unwrap_or(name), "must be UTF-8").in_path()
    })?;
    let text = params.iter().find(|(key, _)| *key == name).map(|(_, value)| value).unwrap_or_default();
    text.parse().map_err(|error: T::Err| ApiError::field(name, error.to_string()).in_path())
}

macro_rules! path_part {
    ($(#[$doc:meta])* $name:ident, $type:ty, $part:literal) => {
        $(#[$doc])*
        pub struct $name(pub $type);

        impl<S: Send + Sync> FromRequestParts<S> for $name {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
                path_part(parts, state, $part).await.map(Self)
            }
        }
    };
}

path_part!(/// `{id}` of a deployment.
    DeploymentPath, vivier_core::id::DeploymentId, "id");
path_part!(/// `{id}` of a token.
    TokenPath, vivier_core::id::TokenId, "id");
path_part!(/// `{id}` of a member.
    UserPath, vivier_core::id::UserId, "id");
path_part!(/// `{id}` of an invitation.
    InvitationPath, vivier_core::id::InvitationId, "id");
path_part!(/// `{id}` of a session.
    SessionPath, vivier_core::id::SessionId, "id");
path_part!(/// `{id}` of a release.
    ReleasePath, vivier_core::id::ReleaseId, "id");
path_part!(/// `{id}` of an account.
    AccountPath, vivier_core::id::AccountId, "id");
path_part!(/// `{id}` of a wave.
    WavePath, vivier_core::id::WaveId, "id");
path_part!(/// `{id}` of a job.
    JobPath, vivier_core::id::JobId, "id");
path_part!(/// `{id}` of a passkey.
    PasskeyPath, vivier_core::id::PasskeyId, "id");
path_part!(/// `{provider}`: the name of an identity provider.
    ProviderPath, String, "provider");
path_part!(/// `{id}` of a ticket.
    TicketPath, vivier_core::id::TicketId, "id");
path_part!(/// `{n}`: the number of a version.
    NumberPath, Number, "n");
path_part!(/// `{name}` of a secret.
    SecretPath, super::secrets::SecretName, "name");
path_part!(/// `{slug}` of a deployment.
    SlugPath, vivier_core::name::Slug, "slug");

/// A version's number: from 1 to what both databases can keep.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub u64);

#[derive(Debug, thiserror::Error)]
#[error("must be a whole number from 1")]
pub struct ParseNumberError;

impl std::str::FromStr for Number {
    type Err = ParseNumberError;

    fn from_str(text: &str) -> Result<Self, ParseNumberError> {
        text.parse::<i64>().ok().filter(|number| *number >= 1).and_then(|number| u64::try_from(number).ok()).map(Self).ok_or(ParseNumberError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vivier_core::wire::agents::NewDeployment;
    use vivier_core::wire::problem::Problem;

    fn refused(body: &str) -> Problem {
        match parse::<NewDeployment>(body.as_bytes()) {
            Ok(_) => panic!("{body} should be refused"),
            Err(error) => error.problem().clone(),
        }
    }

    #[test]
    fn a_wrong_field_is_named_and_its_value_is_not_repeated() {
        let problem = refused(r#"{"name":"a","plan":"pro","channels":[{"kind":"telegram","tokens":"123:canary"}]}"#);
        assert_eq!(problem.fields[0].path, "channels[0].tokens");
        assert!(!serde_json::to_string(&problem).expect("json").contains("canary"), "{problem:?}");
        let problem = refused(r#"{"name":"a","plan":"canary"}"#);
        assert_eq!((problem.fields[0].path.as_str(), problem.fields[0].message.as_str()), ("plan", "must be one of `trial`, `starter`, `pro`, `team`"));
        assert_eq!(refused(r#"{"name":"a"}"#).fields[0].path, "plan");
        assert_eq!(refused("{").code, "malformed");
        assert_eq!(refused(r#"{"name":"a","plan":"pro","x":1}"#).fields[0].path, "x");
        assert_eq!(refused(r#"["a",null,"pro"]"#).fields[0].path, "");
        assert_eq!(refused(r#"{"name":"a","plan":"pro","channels":[["telegram"]]}"#).fields[0].path, "channels[0]");
        assert_eq!(refused(r#"{"name":"a","plan":["pro"]}"#).fields[0].path, "plan");
    }

    #[test]
    fn only_a_real_nul_is_refused() {
        assert!(escaped_nul(br#"{"a":"\u0000"}"#));
        assert!(!escaped_nul(br#"{"a":"\\u0000"}"#));
        assert!(escaped_nul(br#"{"a":"\\\u0000"}"#));
    }
}
