//! The releases that an agent may run, and their papers.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use vivier_core::id::ReleaseId;
use vivier_core::wire::Page;
use vivier_core::wire::agents::ReleaseChoice;
use vivier_core::wire::operator::ReleaseOut;

use super::extract::ReleasePath;
use super::guard::{Read, Signed};
use super::problem::ApiError;
use crate::app::App;

/// Releases that an agent may run
///
/// Newest first. A new deployment gets the default one.
#[utoipa::path(get, path = "/v1/releases", tag = "configuration", extensions(("x-vivier-role" = json!("viewer"))), security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "The releases", body = Page<ReleaseChoice>)))]
pub async fn choose_release(State(app): State<App>, _signed: Signed<Read>) -> Result<Json<Page<ReleaseChoice>>, ApiError> {
    let releases = app.store.releases().await?.into_iter().map(|release| {
        let ReleaseOut {
            id,
            image,
            openclaw_version,
            node_version: _,
            size_bytes: _,
            created_at,
            is_default,
            deployments: _,
            notes,
            verdict,
            accepted,
            withdrawn,
            signed_by: _,
        } = release;
        ReleaseChoice { id, image, openclaw_version, created_at, is_default, notes, verdict, accepted, withdrawn }
    });
    Ok(Json(Page { items: releases.collect(), next_cursor: None }))
}

/// What is in a release
///
/// A CycloneDX document (JSON), made from the image's own files and signed with the release.
#[utoipa::path(get, path = "/v1/releases/{id}/sbom", tag = "configuration", extensions(("x-vivier-role" = json!("viewer"))), params(("id" = ReleaseId, Path, description = "The release")),
    security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "The list", body = Object, content_type = "application/vnd.cyclonedx+json")))]
pub async fn get_release_sbom(State(app): State<App>, _signed: Signed<Read>, ReleasePath(id): ReleasePath) -> Result<Response, ApiError> {
    let papers = app.store.release_papers(id).await?;
    let bytes = app.releases.document(papers.sbom).await?;
    Ok(download(bytes, "application/vnd.cyclonedx+json", &format!("openclaw-{}.cdx.json", papers.openclaw_version)))
}

/// How a release was made
///
/// A DSSE envelope with the operator's signature over an in-toto statement (SLSA provenance).
#[utoipa::path(get, path = "/v1/releases/{id}/provenance", tag = "configuration", extensions(("x-vivier-role" = json!("viewer"))), params(("id" = ReleaseId, Path, description = "The release")),
    security(("session" = []), ("bearer" = ["read"])),
    responses((status = 200, description = "The signed statement", body = Object, content_type = "application/vnd.dsse.envelope.v1+json")))]
pub async fn get_release_provenance(State(app): State<App>, _signed: Signed<Read>, ReleasePath(id): ReleasePath) -> Result<Response, ApiError> {
    let papers = app.store.release_papers(id).await?;
    let bytes = app.releases.document(papers.provenance).await?;
    Ok(download(bytes, "application/vnd.dsse.envelope.v1+json", &format!("openclaw-{}.provenance.dsse.json", papers.openclaw_version)))
}

/// A file for the browser's folder of downloads.
fn download(bytes: Vec<u8>, media_type: &'static str, name: &str) -> Response {
    // A version comes from the recipe; whatever it holds, the header stays one.
    let name: String = name.chars().filter(|letter| letter.is_ascii_alphanumeric() || ".-_".contains(*letter)).collect();
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")).unwrap_or(HeaderValue::from_static("attachment"));
    let headers: [(HeaderName, HeaderValue); 2] = [(header::CONTENT_TYPE, HeaderValue::from_static(media_type)), (header::CONTENT_DISPOSITION, disposition)];
    (headers, bytes).into_response()
}
