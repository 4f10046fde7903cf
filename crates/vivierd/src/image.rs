//! `vivierd image …`: builds agent images and lists those that this host would start.

use vivier_core::wire::host::Image;

use crate::cli::ImageCommand;
use crate::settings::Settings;

/// # Errors
/// When the recipe fails, or the engine or the disk does not answer.
pub async fn run(settings: Settings, command: ImageCommand) -> anyhow::Result<()> {
    match command {
        ImageCommand::Build { base, if_absent } => {
            if if_absent && let Some(image) = vivier_host::images::list(&settings.host).await?.first() {
                eprintln!("There is an image already: {}", line(image));
                return Ok(());
            }
            let image = vivier_host::images::build(&settings.host, &["--base".to_owned(), base]).await?;
            eprintln!("Built. A running Vivier enters it into its catalogue by itself; new deployments get it.");
            println!("{}", line(&image));
        }
        ImageCommand::List { quiet, json } => {
            let images = vivier_host::images::list(&settings.host).await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&images)?);
            } else if quiet {
                images.iter().for_each(|image| println!("{}", image.image));
            } else if images.is_empty() {
                eprintln!("There is no agent image on this host yet. Build one with `vivierd image build` (some minutes, once).");
            } else {
                images.iter().for_each(|image| println!("{}", line(image)));
            }
        }
    }
    Ok(())
}

fn line(image: &Image) -> String {
    let Image { image, openclaw_version, node_version, size_bytes, built_at, config_schema: _ } = image;
    format!("{image}  OpenClaw {openclaw_version}  Node {node_version}  {} MB  {built_at}", size_bytes / 1_000_000)
}
