//! `vivierd release …`: builds, lists, withdraws and promotes the releases that this host would start.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Serialize;
use vivier_core::digest::Digest;
use vivier_core::waves::ReleaseChannel;
use vivier_core::wire::host::Image;
use vivier_host::images::{self, Found};
use vivier_host::layout::Layout;
use vivier_host::release::build::{self, Examination, Wanted};
use vivier_host::release::keys::{KeyFiles, SigningKey, beside};
use vivier_host::release::{papers, registry};
use vivier_server::admin::{self, LocallyPromoted};

use crate::cli::{BuildArguments, ReleaseCommand};
use crate::settings::Settings;

/// Fewer digits of a digest than these are a guess.
const FEWEST_DIGITS: usize = 4;

/// # Errors
/// When the recipe fails, or the engine or the disk does not answer.
pub async fn run(settings: Settings, command: ReleaseCommand) -> anyhow::Result<()> {
    match command {
        ReleaseCommand::Build(arguments) => make(&settings, arguments).await,
        ReleaseCommand::List { quiet, json } => list(&settings, quiet, json).await,
        ReleaseCommand::Withdraw { release, reason, undo: _ } => withdraw(&settings, &release, reason.as_deref()).await,
        ReleaseCommand::Promote { release, channel } => promote(&settings, &release, &channel).await,
        ReleaseCommand::Push { release, to } => push(&settings, &release, &to).await,
        ReleaseCommand::Import { from } => import(&settings, &from).await,
        ReleaseCommand::Key { out } => key(&settings, out.as_deref()),
    }
}

async fn make(settings: &Settings, arguments: BuildArguments) -> anyhow::Result<()> {
    let BuildArguments { openclaw, base, if_absent, policy, database, accept_unscanned, notes } = arguments;
    let examination = Examination { policy, database, accept_unscanned: accept_unscanned.map(|reason| (whoever(), reason)) };
    if if_absent {
        // Before releases were signed, images were entered without: they are signed as they are.
        build::sign_old(&settings.host, &examination).await?;
        if let Some(image) = startable(&settings.host).await?.first() {
            eprintln!("There is a release already: {}", line(image));
            return Ok(());
        }
    }
    let notes = notes.map(|notes| text_or_file(&notes)).transpose()?;
    let image = build::build(&settings.host, Wanted { openclaw, base, examination, notes }).await?;
    if !image.may_start() {
        println!("{}", line(&image));
        bail!("the release was built and signed, and no host starts it: {}", image.verdict.words(image.accepted.as_deref()));
    }
    eprintln!("Built and signed. A running Vivier enters it into its catalogue by itself; new deployments get it.");
    println!("{}", line(&image));
    Ok(())
}

/// Who sits here, by the system's word.
fn whoever() -> String {
    ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok()).filter(|name| !name.is_empty()).unwrap_or_else(|| "root".to_owned())
}

/// `--notes` is a file when there is one of that name, and the text itself otherwise.
fn text_or_file(notes: &str) -> anyhow::Result<String> {
    let path = Path::new(notes);
    if path.is_file() { std::fs::read_to_string(path).with_context(|| format!("cannot read {notes}")) } else { Ok(notes.to_owned()) }
}

async fn startable(host: &vivier_host::Config) -> anyhow::Result<Vec<Image>> {
    let sound = images::list(host).await?.into_iter().filter_map(|found| match found {
        Found::Sound(image) => Some(*image),
        Found::Flawed(..) => None,
    });
    Ok(sound.filter(Image::may_start).collect())
}

#[derive(Serialize)]
#[serde(untagged)]
enum Listed {
    Sound(Box<Image>),
    Flawed { image: Digest, flaw: String },
}

async fn list(settings: &Settings, quiet: bool, json: bool) -> anyhow::Result<()> {
    if quiet {
        startable(&settings.host).await?.iter().for_each(|image| println!("{}", image.image));
        return Ok(());
    }
    let found = images::list(&settings.host).await?;
    if json {
        let all = found.into_iter().map(|found| match found {
            Found::Sound(image) => Listed::Sound(image),
            Found::Flawed(image, flaw) => Listed::Flawed { flaw: flaw.about(&image).message, image },
        });
        println!("{}", serde_json::to_string_pretty(&all.collect::<Vec<_>>())?);
    } else if found.is_empty() {
        eprintln!("There is no release on this host yet. Build one with `vivierd release build` (some minutes, once).");
    } else {
        for found in found {
            match found {
                Found::Sound(image) => println!("{}", line(&image)),
                Found::Flawed(image, flaw) => match flaw.about(&image) {
                    error if error.detail.is_empty() => println!("{image}  not started: {error}"),
                    error => println!("{image}  not started: {error} ({})", error.detail),
                },
            }
        }
    }
    Ok(())
}

async fn withdraw(settings: &Settings, wanted: &str, reason: Option<&str>) -> anyhow::Result<()> {
    let layout = Layout::open(&settings.host.data_dir)?;
    let image = named(&settings.host, wanted).await?;
    let running = images::running(&settings.host, &image).await?;
    papers::withdraw(&layout, &image, reason)?;
    if reason.is_none() {
        println!("{} may be started again.", image.short());
        return Ok(());
    }
    println!("{} is withdrawn: from now on this host does not start it, whoever asks.", image.short());
    match running {
        0 => println!("No agent runs it."),
        some => println!(
            "{some} of this host's agents run it and go on until they are stopped. To move them now: `vivier release use <agent> <another release>`; \
             one that ends by itself meanwhile stays down until it has another release."
        ),
    }
    Ok(())
}

async fn promote(settings: &Settings, wanted: &str, channel: &str) -> anyhow::Result<()> {
    let image = named(&settings.host, wanted).await?;
    let channel = ReleaseChannel::ALL.into_iter().find(|one| one.as_str() == channel).context("a channel is stable or canary")?;
    let LocallyPromoted { openclaw_version, wave } = admin::promote(&settings.server, &image, channel, &whoever()).await?;
    match wave {
        Some(wave) => println!("{wave} brings OpenClaw {openclaw_version} to those who follow {channel}: `vivier operator wave show {wave}`."),
        None => println!("{channel} has OpenClaw {openclaw_version}. Nobody had to be moved."),
    }
    Ok(())
}

async fn push(settings: &Settings, wanted: &str, to: &str) -> anyhow::Result<()> {
    let image = named(&settings.host, wanted).await?;
    let name = registry::push(&settings.host, &image, &to.parse()?).await?;
    eprintln!("It is there, with its papers. On a host that trusts its key: vivierd release import {name}");
    println!("{name}");
    Ok(())
}

async fn import(settings: &Settings, from: &str) -> anyhow::Result<()> {
    let image = registry::import(&settings.host, &from.parse()?).await?;
    eprintln!("Its signature holds. A running Vivier enters it into its catalogue by itself.");
    println!("{}", line(&image));
    Ok(())
}

/// The one release that `wanted` names: a version, or the beginning of a digest.
async fn named(host: &vivier_host::Config, wanted: &str) -> anyhow::Result<Digest> {
    let digits = wanted.strip_prefix("sha256:").unwrap_or(wanted);
    let by_digest = digits.len() >= FEWEST_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let prefix = format!("sha256:{}", digits.to_ascii_lowercase());
    let known = images::list(host).await?.into_iter().map(|found| match found {
        Found::Sound(image) => (image.image, image.openclaw_version),
        Found::Flawed(image, _) => (image, String::new()),
    });
    let mut meant: Vec<Digest> =
        known.filter(|(image, version)| version == wanted || by_digest && image.as_str().starts_with(&prefix)).map(|(image, _)| image).collect();
    match (meant.pop(), meant.len()) {
        (Some(only), 0) => Ok(only),
        (Some(_), more) => bail!("{wanted:?} means {} releases; give the beginning of one's digest (`vivierd release list`)", more + 1),
        (None, _) => bail!("there is no release {wanted:?} on this host; `vivierd release list` lists them"),
    }
}

fn key(settings: &Settings, out: Option<&Path>) -> anyhow::Result<()> {
    let layout = Layout::open(&settings.host.data_dir)?;
    let path = out.map_or_else(|| KeyFiles::of(&settings.host, &layout).signing, Path::to_path_buf);
    let made = SigningKey::make(&path)?;
    println!("{}  {}", made.public().id(), path.display());
    eprintln!("Keep the private key where releases are built. A host that starts them needs {} in `host.release_keys`.", beside(&path).display());
    Ok(())
}

fn line(image: &Image) -> String {
    let Image {
        image,
        openclaw_version,
        node_version,
        size_bytes,
        built_at,
        notes: _,
        verdict,
        accepted,
        withdrawn,
        signed_by,
        config_schema: _,
        sbom: _,
        provenance: _,
    } = image;
    let key: String = signed_by.trim_start_matches("sha256:").chars().take(12).collect();
    let verdict = verdict.words(accepted.as_deref());
    let withdrawn = withdrawn.as_ref().map(|withdrawn| format!("  WITHDRAWN: {}", withdrawn.reason)).unwrap_or_default();
    format!("{image}  OpenClaw {openclaw_version}  Node {node_version}  {} MB  {built_at}  signed by {key}  {verdict}{withdrawn}", size_bytes / 1_000_000)
}
