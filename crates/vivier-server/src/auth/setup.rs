//! The first operator: whoever can read a file of the data directory gets a link that makes an account one, once.

use crate::app::App;
use crate::store::users::SETUP_TOKEN;

/// Makes a new one-time token while nobody is an operator, and forgets the one before. `None` when there is an operator.
///
/// # Errors
/// When the store does not answer.
pub async fn ensure(app: &App) -> anyhow::Result<Option<String>> {
    if app.store.has_operator().await? {
        app.store.platform_take(SETUP_TOKEN).await?;
        return Ok(None);
    }
    let token = super::token::opaque();
    app.store.platform_put(SETUP_TOKEN, &super::token::digest(token.expose())).await?;
    Ok(Some(token.expose().to_owned()))
}

/// The file with the link.
pub fn link_file(app: &App) -> std::path::PathBuf {
    app.settings.data_dir.join("run").join("setup-link")
}
