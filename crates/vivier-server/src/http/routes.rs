//! The one table of routes, and what happens around them.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::MAX_BODY;
use super::{
    accounts, audit, billing, books, catalogue, configs, console, credits, dashboard, deployments, follow, health, idempotency, jobs, layers, limits,
    links, logs, oidc, open, openapi, operator, passkeys, releases, secrets, security, sign_in, tickets, timeline, tokens, usage, waves, webhook,
};
use crate::app::App;

/// Every documented route. A handler that is not here does not exist; one that is here is in the document.
fn table() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::frame())
        .routes(routes!(accounts::signup))
        .routes(routes!(accounts::login))
        .routes(routes!(accounts::logout))
        .routes(routes!(accounts::me))
        .routes(routes!(accounts::change_password))
        .routes(routes!(sign_in::second_step))
        .routes(routes!(sign_in::sign_in_options))
        .routes(routes!(links::verify_email))
        .routes(routes!(links::resend_verification))
        .routes(routes!(links::request_reset))
        .routes(routes!(links::finish_reset))
        .routes(routes!(links::change_email))
        .routes(routes!(links::finish_email_change))
        .routes(routes!(links::undo_email_change))
        .routes(routes!(security::get_security))
        .routes(routes!(security::enrol_app))
        .routes(routes!(security::confirm_app))
        .routes(routes!(security::disable_app))
        .routes(routes!(security::new_recovery_codes))
        .routes(routes!(passkeys::new_passkey_options))
        .routes(routes!(passkeys::add_passkey))
        .routes(routes!(passkeys::remove_passkey))
        .routes(routes!(passkeys::passkey_options))
        .routes(routes!(passkeys::passkey_sign_in))
        .routes(routes!(oidc::begin_oidc))
        .routes(routes!(oidc::finish_oidc))
        .routes(routes!(oidc::link_identity))
        .routes(routes!(oidc::unlink_identity))
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::delete_current_token))
        .routes(routes!(tokens::delete_token))
        .routes(routes!(catalogue::catalogue))
        .routes(routes!(billing::get_billing))
        .routes(routes!(billing::refresh_billing))
        .routes(routes!(billing::list_invoices))
        .routes(routes!(billing::checkout))
        .routes(routes!(billing::show_card))
        .routes(routes!(billing::cancel))
        .routes(routes!(billing::portal))
        .routes(routes!(billing::operator_billing))
        .routes(routes!(webhook::webhook))
        .routes(routes!(limits::get_limits))
        .routes(routes!(limits::account_limits))
        .routes(routes!(credits::get_credits))
        .routes(routes!(credits::credits_history))
        .routes(routes!(credits::referral_code))
        .routes(routes!(credits::claim_referral))
        .routes(routes!(credits::account_credits))
        .routes(routes!(usage::get_usage))
        .routes(routes!(usage::export_usage))
        .routes(routes!(deployments::list_deployments, deployments::create_deployment))
        .routes(routes!(deployments::get_deployment, deployments::edit_deployment, deployments::delete_deployment))
        .routes(routes!(deployments::restart_deployment))
        .routes(routes!(deployments::suspend_deployment))
        .routes(routes!(deployments::resume_deployment))
        .routes(routes!(deployments::retry_deployment))
        .routes(routes!(deployments::restore_deployment))
        .routes(routes!(deployments::rollback_deployment, deployments::plan_rollback))
        .routes(routes!(deployments::list_revisions))
        .routes(routes!(configs::get_config, configs::change_config))
        .routes(routes!(configs::get_config_version))
        .routes(routes!(secrets::list_secrets))
        .routes(routes!(secrets::set_secret, secrets::delete_secret))
        .routes(routes!(secrets::list_secret_versions))
        .routes(routes!(secrets::revoke_secret_version))
        .routes(routes!(timeline::list_events))
        .routes(routes!(logs::get_logs))
        .routes(routes!(timeline::get_stats))
        .routes(routes!(timeline::get_proof))
        .routes(routes!(open::open_deployment))
        .routes(routes!(audit::list_audit))
        .routes(routes!(audit::export_audit))
        .routes(routes!(audit::list_all_audit))
        .routes(routes!(audit::export_all_audit))
        .routes(routes!(audit::verify_audit))
        .routes(routes!(tickets::take_support_snapshot))
        .routes(routes!(tickets::list_tickets, tickets::open_ticket))
        .routes(routes!(tickets::get_ticket))
        .routes(routes!(tickets::write_in_ticket))
        .routes(routes!(tickets::close_ticket))
        .routes(routes!(tickets::reopen_ticket))
        .routes(routes!(tickets::list_all_tickets))
        .routes(routes!(tickets::get_any_ticket))
        .routes(routes!(tickets::answer_ticket))
        .routes(routes!(tickets::operator_close_ticket))
        .routes(routes!(tickets::operator_reopen_ticket))
        .routes(routes!(console::list_looks))
        .routes(routes!(console::end_look))
        .routes(routes!(console::list_accounts))
        .routes(routes!(console::get_any_account))
        .routes(routes!(console::suspend_account))
        .routes(routes!(console::resume_account))
        .routes(routes!(console::begin_look))
        .routes(routes!(console::give_credits))
        .routes(routes!(console::set_limit))
        .routes(routes!(console::list_referrals))
        .routes(routes!(books::list_reconciliations, books::reconcile_now))
        .routes(routes!(books::list_margins))
        .routes(routes!(operator::list_hosts))
        .routes(routes!(operator::list_all_deployments))
        .routes(routes!(operator::operator_suspend))
        .routes(routes!(operator::operator_resume))
        .routes(routes!(operator::list_quarantine))
        .routes(routes!(operator::list_releases))
        .routes(routes!(jobs::list_jobs))
        .routes(routes!(jobs::retry_job))
        .routes(routes!(jobs::discard_job))
        .routes(routes!(waves::list_channels))
        .routes(routes!(waves::promote_release, waves::plan_promotion))
        .routes(routes!(waves::list_waves))
        .routes(routes!(waves::get_wave))
        .routes(routes!(waves::pause_wave))
        .routes(routes!(waves::resume_wave))
        .routes(routes!(waves::abort_wave))
        .routes(routes!(waves::revert_wave, waves::plan_revert))
        .routes(routes!(follow::follow_channel))
        .routes(routes!(operator::withdraw_release, operator::reinstate_release))
        .routes(routes!(releases::choose_release))
        .routes(routes!(releases::get_release_sbom))
        .routes(routes!(releases::get_release_provenance))
        .routes(routes!(deployments::change_release))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
}

/// The document of the table, as it is checked in.
pub fn document() -> String {
    openapi::render(&openapi::finish(&table().into_openapi()))
}

/// The whole of `serve`'s public side.
pub fn router(app: App) -> Router {
    health::install_metrics();
    let (routes, document) = table().split_for_parts();
    let text = openapi::render(&openapi::finish(&document));
    let known = routes
        .route("/open/{slug}", get(open::open_in_browser))
        .route("/openapi.json", get(move || openapi::answer(text.clone())))
        // From the inside to the outside: the last one is met first.
        .layer(from_fn_with_state(app.clone(), idempotency::layer))
        .layer(from_fn_with_state(app.clone(), layers::enter))
        .layer(DefaultBodyLimit::max(MAX_BODY));
    known.fallback(dashboard::file).layer(from_fn(layers::envelope)).with_state(app)
}
