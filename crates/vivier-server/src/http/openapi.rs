//! The document of the API: what every operation has in common is written here once, from the same facts that the guards and
//! extractors go by. The operations themselves are described where they are done.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use utoipa::openapi::{Components, OpenApi, OpenApiBuilder, RefOr, Schema};
use utoipa::{PartialSchema as _, ToSchema as _};
use vivier_core::wire::limits::LimitProblem;
use vivier_core::wire::problem::{FieldProblem, Problem};

use super::problem::MEDIA_TYPE;

const DESCRIPTION: &str = "Hosts OpenClaw agents: deploy, watch, configure and open them.\n\n\
    **Signing in.** Browsers: `POST /v1/auth/login` sets a cookie; their requests with effects must come from the dashboard's own origin. \
    Programs: `Authorization: Bearer viv_…` with a token of `POST /v1/tokens`.\n\n\
    **Errors** are `application/problem+json`: decide by `code`, show `detail`, mark `fields`. Another account's thing is 404.\n\n\
    **Roles.** `x-vivier-role` names the least that a caller must be in the account: `viewer`, `member`, `admin` or `owner`; a token may do what its maker may. \
    `person`: whoever is signed in, in an account or in none. `operator`: of this installation. `nobody`: no sign-in.\n\n\
    **Repeating.** Every POST takes an `Idempotency-Key`: sent again with the same key and body within 24 hours, it has no second effect and gets the same answer.";

/// The document without its routes.
pub fn frame() -> OpenApi {
    let mut components = Components::new();
    let problems: [(std::borrow::Cow<'static, str>, RefOr<Schema>); 3] =
        [(Problem::name(), Problem::schema()), (FieldProblem::name(), FieldProblem::schema()), (LimitProblem::name(), LimitProblem::schema())];
    for (name, schema) in problems {
        components.schemas.insert(name.into_owned(), schema);
    }
    OpenApiBuilder::new().components(Some(components)).build()
}

/// The whole document.
pub fn finish(document: &OpenApi) -> Value {
    let mut root = serde_json::to_value(document).unwrap_or_else(|error| unreachable!("the document is made of plain types: {error}"));
    root["info"] = json!({
        "title": "Vivier", "version": env!("CARGO_PKG_VERSION"), "description": DESCRIPTION,
        "license": { "name": "MIT", "identifier": "MIT" },
    });
    root["tags"] = json!([
        { "name": "accounts", "description": "People, the accounts that they work in, and API tokens" },
        { "name": "catalogue", "description": "What can be chosen" },
        { "name": "deployments", "description": "Agents: made, changed, opened, deleted" },
        { "name": "configuration", "description": "What an agent is told: its document, provider, channels and secrets" },
        { "name": "watching", "description": "What an agent does" },
        { "name": "tickets", "description": "Help from the operator" },
        { "name": "audit", "description": "Who did what to the account's things, from where, and with what outcome" },
        { "name": "billing", "description": "What is paid for which agent; only where money is taken" },
        { "name": "operator", "description": "For operators; to anyone else these do not exist" },
        { "name": "health", "description": "For whoever watches this process" },
    ]);
    root["components"]["securitySchemes"] = json!({
        "session": { "type": "apiKey", "in": "cookie", "name": "vivier_session",
            "description": "Set by signing in. Over HTTPS its name is `__Host-vivier_session`." },
        "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "viv_…",
            "description": "An API token. The operation names the scope that it needs: `read`, `write` or `chat`; where it names none, any will do." },
    });
    root["components"]["responses"] = shared_responses();
    if let Some(paths) = root["paths"].as_object_mut() {
        for (path, item) in paths.iter_mut() {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                complete(path, method, operation);
            }
        }
    }
    root
}

/// Steps of a sign-in: whoever fails at one is signed in no more than before.
const STEPS: [&str; 4] = ["/v1/auth/login", "/v1/auth/second", "/v1/auth/passkeys/sign-in", "/v1/auth/passkeys/sign-in/options"];

/// The problems that several operations have in common: name, status, when.
const SHARED: [(&str, &str, &str); 12] = [
    ("BadRequest", "400", "The request is malformed: the JSON, an id of the path, or the query's form"),
    ("Unauthorized", "401", "Nobody is signed in, or no longer"),
    ("PaymentRequired", "402", "The plan is paid for first: make a payment page with `POST /v1/billing/checkout`"),
    (
        "Forbidden",
        "403",
        "Signed in, but not allowed: `role_missing`, `no_account`, `scope_missing`, `session_required`, `token_required`, `wrong_origin`, `signup_closed`, `email_unverified`, `sign_in_again`, or a limit of the account",
    ),
    ("NotFound", "404", "There is no such thing, or it is another account's"),
    ("Conflict", "409", "Its state does not allow it now; `detail` names the next step"),
    ("TooLarge", "413", "The body is larger than 1 MiB"),
    ("UnsupportedMediaType", "415", "The body is not JSON"),
    ("Invalid", "422", "Fields are wrong: `fields` names each by its path; or an Idempotency-Key belongs to another request"),
    ("TooMany", "429", "A limit is reached; `code` says which, `Retry-After` when to come back"),
    ("Internal", "500", "A fault of the server; `request_id` finds its log lines"),
    ("Unavailable", "503", "It cannot be done at this moment: `no_image`, `host_full`, `host_unreachable` or `busy`"),
];

fn shared_responses() -> Value {
    let mut responses = Map::new();
    for (name, _, description) in SHARED {
        let mut response = json!({
            "description": description,
            "content": { MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
        if matches!(name, "TooMany" | "Unavailable") {
            response["headers"] = json!({ "Retry-After": { "description": "Seconds", "schema": { "type": "integer", "minimum": 1 } } });
        }
        responses.insert(name.to_owned(), response);
    }
    Value::Object(responses)
}

/// Adds to one operation what follows from its form: which problems it can answer with, and the header that every POST takes.
fn complete(path: &str, method: &str, operation: &mut Value) {
    let post = method == "post";
    let safe = method == "get";
    let public = operation["security"].as_array().is_some_and(|needs| needs.iter().any(|need| need.as_object().is_some_and(Map::is_empty)));
    let has_body = operation.get("requestBody").is_some();
    let has_query = operation["parameters"].as_array().is_some_and(|parameters| parameters.iter().any(|parameter| parameter["in"] == "query"));
    let health = matches!(path, "/healthz" | "/readyz" | "/metrics");
    let mut add = |name: &str| {
        if let Some((name, status, _)) = SHARED.iter().find(|(known, ..)| *known == name)
            && let Some(responses) = operation["responses"].as_object_mut()
        {
            responses.entry(*status).or_insert_with(|| json!({ "$ref": format!("#/components/responses/{name}") }));
        }
    };
    if !health {
        if path.contains('{') || has_body || has_query || !safe {
            add("BadRequest");
        }
        if !public || STEPS.contains(&path) {
            add("Unauthorized");
        }
        if !public || !safe {
            add("Forbidden");
        }
        if path.contains('{') || path.starts_with("/v1/operator/") || path.starts_with("/v1/auth/app/") {
            add("NotFound");
        }
        if !safe || ["/stats", "/proof", "/logs", "/verification"].iter().any(|end| path.ends_with(end)) {
            add("Conflict");
        }
        if has_body || post {
            add("TooLarge");
        }
        if has_body {
            add("UnsupportedMediaType");
        }
        if has_body || has_query || post {
            add("Invalid");
        }
        let limited = post && (["/v1/auth/", "/v1/account", "/v1/invitations"].iter().any(|start| path.starts_with(start)) || path == "/v1/deployments")
            || path.starts_with("/v1/auth/oidc/");
        let paid = path.starts_with("/v1/billing/") && post && path != "/v1/billing/webhook";
        if limited || paid || ["/open", "/events", "/logs", "/export"].iter().any(|end| path.ends_with(end)) {
            add("TooMany");
        }
        add("Unavailable");
    }
    // The provider learns that there is nothing at this address, where no money is taken.
    if matches!(path, "/metrics" | "/v1/billing/webhook") {
        add("NotFound");
    }
    if path.starts_with("/v1/billing") && safe || path.ends_with("/billing") {
        add("Conflict");
    }
    if (path, method) == ("/v1/deployments/{id}", "patch") {
        add("PaymentRequired");
    }
    add("Internal");
    if post {
        let parameter = json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Sent again with the same key and body within 24 hours, the request has no second effect and gets the same answer.",
            "schema": { "type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[!-~]+$" },
        });
        match operation.get_mut("parameters").and_then(Value::as_array_mut) {
            Some(parameters) => parameters.push(parameter),
            None => operation["parameters"] = json!([parameter]),
        }
    }
    if let Some(responses) = operation["responses"].as_object_mut() {
        responses.sort_keys();
    }
}

/// The document as it is checked in: indented, ending in a line break.
pub fn render(document: &Value) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// `GET /openapi.json`
pub async fn answer(text: String) -> Response {
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
