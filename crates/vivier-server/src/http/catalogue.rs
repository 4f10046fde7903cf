//! What can be chosen.

use axum::Json;
use axum::extract::State;
use vivier_core::channel::ChannelKind;
use vivier_core::plan::Plan;
use vivier_core::provider::ProviderKind;
use vivier_core::template::TemplateName;
use vivier_core::wire::catalogue::{Catalogue, ChannelOut, PlanOut, ProviderOut, TemplateOut, TokenFieldOut};

use super::problem::ApiError;
use crate::app::App;

/// Plans, templates, providers and channels
///
/// Public: the landing page and the forms are made from it.
#[utoipa::path(get, path = "/v1/catalogue", tag = "catalogue", extensions(("x-vivier-role" = json!("nobody"))), security(()), responses((status = 200, description = "What can be chosen", body = Catalogue)))]
pub async fn catalogue(State(app): State<App>) -> Result<Json<Catalogue>, ApiError> {
    let release = app.store.default_release().await?;
    let plans = app.settings.plans.iter().map(|plan| {
        let Plan { name, limits, log_retention_days, deployments, price, stripe_price: _, model_budget, sleep_after_minutes, offered } = plan.clone();
        let expires_after_hours = app.settings.expires_after_hours(name);
        let title = name.title().to_owned();
        PlanOut { name, title, limits, log_retention_days, deployments, price, model_budget, sleep_after_minutes, offered, expires_after_hours }
    });
    let templates = TemplateName::ALL.into_iter().map(|name| TemplateOut {
        name,
        title: name.title().to_owned(),
        description: name.description().to_owned(),
        channel: name.channel(),
    });
    let providers = ProviderKind::ALL.into_iter().map(|kind| ProviderOut {
        kind,
        title: kind.title().to_owned(),
        default_base_url: kind.default_base_url().map(str::to_owned),
        suggested_models: kind.suggested_models().iter().map(|model| (*model).to_owned()).collect(),
    });
    let channels = ChannelKind::ALL.into_iter().map(|kind| {
        let field = |field: &vivier_core::channel::TokenField| TokenFieldOut {
            name: field.name.to_owned(),
            title: field.title.to_owned(),
            shape: field.shape.to_owned(),
        };
        ChannelOut { kind, title: kind.title().to_owned(), tokens: kind.tokens().iter().map(field).collect() }
    });
    Ok(Json(Catalogue {
        plans: plans.collect(),
        templates: templates.collect(),
        providers: providers.collect(),
        channels: channels.collect(),
        signup: app.settings.signup,
        billing: app.billing.is_some(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        base_domain: app.settings.base_domain.clone(),
        openclaw_version: release.map(|release| release.openclaw_version),
    }))
}
