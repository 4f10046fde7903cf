//! The snapshots of `vivierd host`, by hand: one deployment with a state such as an agent has after months.
//!
//! Usage: `snapshot <data directory> <verb> [number]`, where the verb is
//! - `seed`: makes the state (1 GB: a database of 600 MB, five files of 50 MB, thousands of small ones) and prints where it is;
//! - `change`: changes one file in a hundred; `page`: writes one page of the database in place;
//! - `take`, `restore`, `forget` a snapshot, `discard` what was the state before a restoration: prints how long it took, in ms;
//! - `room`: prints how long it took, and the bytes that a snapshot would need.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use vivier_core::id::DeploymentId;
use vivier_core::time::Timestamp;
use vivier_host::layout::Layout;
use vivier_host::{snapshots, volumes};

const MIB: usize = 1024 * 1024;
const SMALL_FILES: usize = 8_000;
const DATABASE: &str = "memory/main.sqlite";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [root, verb, rest @ ..] = arguments.as_slice() else { anyhow::bail!("usage: snapshot <data directory> <verb> [number]") };
    let layout = Layout::open(Path::new(root))?;
    let id = DeploymentId::from_uuid(uuid::Uuid::from_u128(1));
    let number = rest.first().map_or(Ok(1), |text| text.parse::<u64>())?;
    let now = i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis())?;
    let started = Instant::now();
    let note = match verb.as_str() {
        "seed" => {
            volumes::ensure(&layout, id)?;
            seed(&layout.state(id))?;
            println!("{}", layout.state(id).display());
            return Ok(());
        }
        "change" => {
            for at in (0..SMALL_FILES).step_by(100) {
                fs::write(small(&layout.state(id), at), format!("changed for {number}"))?;
            }
            return Ok(());
        }
        "page" => {
            let page = noise(number, 4_096);
            File::options().write(true).open(layout.state(id).join(DATABASE))?.write_all_at(&page, 4_096 * number)?;
            return Ok(());
        }
        "take" => format!("{:?}", snapshots::take(&layout, id, number, Timestamp::from_millis(now))?.method).to_lowercase(),
        "restore" => snapshots::restore(&layout, id, number, u64::try_from(now)?).map(|()| String::new())?,
        "discard" => snapshots::discard_former(&layout, id).map(|()| String::new())?,
        "forget" => snapshots::forget(&layout, id, number).map(|()| String::new())?,
        "room" => snapshots::room(&layout, id)?.needed.to_string(),
        other => anyhow::bail!("there is no verb {other}"),
    };
    println!("{} {note}", started.elapsed().as_millis());
    Ok(())
}

fn small(state: &Path, at: usize) -> PathBuf {
    state.join(format!("plugins/{:03}/node_modules/{:02}/{at}.js", at % 40, at % 97))
}

fn seed(state: &Path) -> anyhow::Result<()> {
    let write = |path: &Path, bytes: &[u8]| {
        fs::create_dir_all(path.parent().context("a parent")?)?;
        fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
    };
    let chunk = noise(7, 50 * MIB);
    fs::create_dir_all(state.join("memory"))?;
    let database = File::create(state.join(DATABASE))?;
    for part in 0..12 {
        database.write_all_at(&chunk, part * chunk.len() as u64)?;
    }
    for at in 0..5 {
        write(&state.join(format!("media/{at}.mp4")), &chunk)?;
    }
    for at in 0..200 {
        write(&state.join(format!("agents/main/sessions/{at}.jsonl")), &chunk[at * 1_000..][..300_000])?;
    }
    for at in 0..SMALL_FILES {
        write(&small(state, at), &chunk[at * 100..][..1_000 + (at * 7_919) % 24_000])?;
    }
    Ok(())
}

/// Bytes that no file system can make smaller.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
