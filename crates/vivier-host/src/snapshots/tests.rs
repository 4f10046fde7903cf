//! On a real file system, in a directory of the test's own. As root also on small ones that the test mounts.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::process::Command;
use std::time::Duration;

use rustix::fs::{AtFlags, Mode, Timespec, Timestamps, mkdirat, utimensat};
use sha2::{Digest, Sha256};

use super::*;
use crate::volumes;

/// A host's data directory with one deployment.
struct World {
    root: tempfile::TempDir,
    layout: Layout,
    id: DeploymentId,
    mounted: bool,
}

impl World {
    fn new() -> Self {
        Self::within(tempfile::Builder::new().prefix("vivier-snapshots-").tempdir().expect("a directory"), false)
    }

    fn within(root: tempfile::TempDir, mounted: bool) -> Self {
        let layout = Layout::open(&root.path().join("data")).expect("a layout");
        let id = DeploymentId::from_uuid(uuid::Uuid::now_v7());
        volumes::ensure(&layout, id).expect("a volume");
        Self { root, layout, id, mounted }
    }

    /// On a file system of its own. `None` where that cannot be mounted here.
    fn mounted(kind: &str, options: &str, prepare: impl FnOnce(&Path) -> bool) -> Option<Self> {
        let root = tempfile::Builder::new().prefix("vivier-snapshots-").tempdir().expect("a directory");
        let image = root.path().with_extension("image");
        let source = if prepare(&image) { image.as_os_str() } else { OsStr::new("vivier-test") };
        let mount = Command::new("mount").args(["-t", kind, "-o", options]).arg(source).arg(root.path()).output().expect("mount");
        // The loop device keeps it for as long as it is mounted.
        layout::remove(&image).expect("removed");
        if !mount.status.success() {
            eprintln!("left out: {kind} cannot be mounted here: {}", String::from_utf8_lossy(&mount.stderr));
            return None;
        }
        Some(Self::within(root, true))
    }

    fn state(&self) -> PathBuf {
        self.layout.state(self.id)
    }

    fn data(&self, number: u64) -> PathBuf {
        self.layout.snapshot(self.id, number).join(DATA)
    }

    fn take(&self, number: u64) -> Snapshot {
        take(&self.layout, self.id, number, Timestamp::from_millis(1_700_000_000_000)).expect("a snapshot")
    }

    fn kept(&self) -> Vec<u64> {
        list(&self.layout, self.id).expect("a list").iter().map(|snapshot| snapshot.number).collect()
    }

    fn restored(&self) -> Option<(u64, u64)> {
        restored(&self.layout, self.id).expect("readable")
    }

    /// What is in the volume besides.
    fn names(&self) -> Vec<String> {
        names(&self.layout.volume(self.id))
    }

    /// Waits until everything in the state is old enough to be trusted unchanged.
    fn until_old(&self) {
        let clock = || {
            let probe = tempfile::NamedTempFile::new_in(self.root.path()).expect("a file");
            manifest::changed(&fstat(&probe).expect("a look")).0
        };
        let begun = clock();
        let deadline = Instant::now() + Duration::from_secs(20);
        while clock() < begun + 4 {
            assert!(Instant::now() < deadline, "the file system's clock stands still");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Not left to the directory: it would not come down from a tree that is too deep.
        walk::remove(&self.root.path().join("data")).expect("removed");
        if self.mounted {
            let unmounted = Command::new("umount").arg(self.root.path()).status().expect("umount");
            assert!(unmounted.success(), "{} is still mounted", self.root.path().display());
        }
    }
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A file's bytes: compared as they are, because a hash of tens of megabytes takes seconds in a debug build; told by their hash.
#[derive(Clone, PartialEq)]
struct Content(Vec<u8>);

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes {}", self.0.len(), hex::encode(Sha256::digest(&self.0)))
    }
}

/// Everything that a snapshot promises to keep of a tree: kind, mode, owner, time, content.
fn tree(root: &Path) -> BTreeMap<PathBuf, (String, Content)> {
    let mut found = BTreeMap::new();
    let mut todo = vec![root.to_owned()];
    while let Some(path) = todo.pop() {
        let meta = std::fs::symlink_metadata(&path).expect("a look");
        let content = if meta.is_dir() {
            todo.extend(std::fs::read_dir(&path).expect("a directory").map(|entry| entry.expect("an entry").path()));
            Vec::new()
        } else if meta.is_symlink() {
            std::fs::read_link(&path).expect("a link").into_os_string().into_encoded_bytes()
        } else if meta.is_file() {
            std::fs::read(&path).expect("a file")
        } else {
            continue;
        };
        let line = format!("{:o} {}:{} {}.{:09}", meta.mode(), meta.uid(), meta.gid(), meta.mtime(), meta.mtime_nsec());
        found.insert(path.strip_prefix(root).expect("below").to_owned(), (line, Content(content)));
    }
    found
}

fn inode(path: &Path) -> u64 {
    std::fs::symlink_metadata(path).expect("a look").ino()
}

/// Such a state as an agent has, with what a hostile one would put there.
fn seed(state: &Path) {
    let write = |name: &str, bytes: &[u8]| {
        let path = state.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        std::fs::write(&path, bytes).expect("written");
        path
    };
    write("openclaw.json", b"{}");
    write("empty", b"");
    write("a/b/c/deep", b"deep");
    write("agents/main/sessions/1.jsonl", &b"a line\n".repeat(5_000));
    write("name with\nnew line and 'quotes' \\", b"odd");
    std::fs::write(state.join(OsStr::from_bytes(b"not \xff\xfe text")), b"bytes").expect("written");
    std::fs::set_permissions(write("closed", b"closed"), std::fs::Permissions::from_mode(0o000)).expect("a mode");
    std::fs::set_permissions(write("tool", b"#!"), std::fs::Permissions::from_mode(0o4755)).expect("a mode");
    std::fs::set_permissions(state.join("a/b"), std::fs::Permissions::from_mode(0o2750)).expect("a mode");
    if nix::unistd::geteuid().is_root() {
        std::os::unix::fs::lchown(state.join("openclaw.json"), Some(1234), Some(4321)).expect("an owner");
    }
    symlink("/etc/passwd", state.join("passwd")).expect("a link");
    symlink("/etc", state.join("etc")).expect("a link");
    symlink("../../../../..", state.join("a/up")).expect("a link");
    symlink("nowhere", state.join("dangling")).expect("a link");
    std::fs::hard_link(write("twice", b"twice"), state.join("a/twice")).expect("a link");
    let old = Timespec { tv_sec: 499_162_500, tv_nsec: 123_456_789 };
    utimensat(CWD, state.join("a"), &Timestamps { last_access: old, last_modification: old }, AtFlags::empty()).expect("a time");
}

#[test]
fn a_state_comes_back_as_it_was_with_modes_owners_times_and_links() {
    let world = World::new();
    seed(&world.state());
    let before = tree(&world.state());
    let taken = world.take(3);
    assert_eq!(
        (taken.number, taken.taken_at, taken.method),
        (3, Timestamp::from_millis(1_700_000_000_000), copy::method(world.root.path()).expect("a method"))
    );
    assert_eq!((tree(&world.state()), tree(&world.data(3))), (before.clone(), before.clone()));
    assert_eq!(world.take(3), taken, "one that is complete is left as it is");

    std::fs::write(world.state().join("openclaw.json"), b"broken by the new version").expect("written");
    std::fs::write(world.state().join("new"), b"new").expect("written");
    std::fs::remove_dir_all(world.state().join("agents")).expect("removed");
    restore(&world.layout, world.id, 3, 8).expect("restores");
    assert_eq!((tree(&world.state()), tree(&world.data(3))), (before.clone(), before));
    assert_eq!(world.names().len(), 4, "what was the state before is still there");
    discard_former(&world.layout, world.id).expect("removed");
    discard_former(&world.layout, world.id).expect("gone already is fine");
    assert_eq!((world.restored(), world.names()), (Some((3, 8)), vec!["restored.json".into(), "snapshots".into(), "state".into()]));
}

#[test]
fn a_restoration_is_done_once_for_a_revision_and_again_for_the_next() {
    let world = World::new();
    let file = world.state().join("file");
    std::fs::write(&file, b"one").expect("written");
    world.take(1);
    assert_eq!(world.restored(), None);
    for (revision, now) in [(5, "one"), (5, "later"), (6, "one"), (6, "later")] {
        restore(&world.layout, world.id, 1, revision).expect("restores");
        assert_eq!((std::fs::read_to_string(&file).expect("a file").as_str(), world.restored()), (now, Some((1, revision))));
        std::fs::write(&file, b"later").expect("written");
    }
    // A host whose disk was copied to another one has other inodes; it must not put anything back because of that.
    let copied = world.state().with_file_name("copied");
    std::fs::create_dir(&copied).expect("a directory");
    renameat_with(CWD, &copied, CWD, world.state(), RenameFlags::EXCHANGE).expect("exchanged");
    assert_eq!(world.restored(), Some((1, 6)));
}

#[test]
fn what_one_removes_nobody_else_does_and_the_next_restoration_need_not_wait_for_it() {
    let world = World::grown();
    restore(&world.layout, world.id, 1, 1).expect("restores");
    let former = world.names().into_iter().find(|name| name.starts_with(FORMER)).expect("what was the state before");
    let at_work = File::open(world.layout.volume(world.id).join(&former)).expect("opened");
    flock(&at_work, FlockOperation::NonBlockingLockExclusive).expect("it is ours");
    restore(&world.layout, world.id, 1, 2).expect("restores");
    assert!(world.names().contains(&former), "it was left to us");
    drop(at_work);
    discard_former(&world.layout, world.id).expect("removed");
    assert_eq!(world.names(), ["restored.json", "snapshots", "state"]);
}

#[test]
fn there_is_no_way_back_to_a_snapshot_that_is_not_kept() {
    let world = World::new();
    seed(&world.state());
    let before = tree(&world.state());
    for number in [1, 2] {
        world.take(number);
    }
    assert_eq!(world.kept(), [1, 2]);
    forget(&world.layout, world.id, 1).expect("forgets");
    forget(&world.layout, world.id, 1).expect("gone already is fine");
    forget(&world.layout, world.id, 77).expect("gone already is fine");
    assert_eq!((world.kept(), tree(&world.data(2))), (vec![2], before.clone()));
    let error = restore(&world.layout, world.id, 1, 5).expect_err("it is gone");
    assert_eq!((error.kind(), world.restored(), tree(&world.state())), (io::ErrorKind::NotFound, None, before));
}

#[test]
fn without_snapshots_the_list_is_empty_and_without_a_state_there_is_nothing_to_keep() {
    let world = World::new();
    assert_eq!((world.kept(), world.restored()), (vec![], None));
    let nobody = DeploymentId::from_uuid(uuid::Uuid::now_v7());
    assert!(list(&world.layout, nobody).expect("a list").is_empty());
    assert_eq!(restored(&world.layout, nobody).expect("readable"), None);
    assert_eq!(take(&world.layout, nobody, 1, Timestamp::from_millis(0)).expect_err("nothing").kind(), io::ErrorKind::NotFound);
    forget(&world.layout, nobody, 1).expect("gone already is fine");
}

#[test]
fn a_half_made_snapshot_is_made_anew_and_one_of_a_later_vivier_is_left_alone() {
    let world = World::new();
    seed(&world.state());
    for number in [4, 5] {
        std::fs::create_dir_all(world.data(number).join("rubbish")).expect("directories");
        std::fs::write(world.data(number).join("openclaw.json"), b"half").expect("written");
    }
    let later = world.layout.snapshot(world.id, 2).join(RECORD);
    std::fs::create_dir_all(world.data(2)).expect("directories");
    std::fs::write(&later, br#"{"number":2,"method":"subvolume"}"#).expect("written");
    assert_eq!(world.kept(), Vec::<u64>::new());
    world.take(5);
    assert_eq!((world.kept(), tree(&world.data(5))), (vec![5], tree(&world.state())));
    assert_eq!(names(&world.layout.snapshots(world.id)), ["2", "5"], "what another had begun is gone as well");
    assert_eq!(take(&world.layout, world.id, 2, Timestamp::from_millis(0)).expect_err("not ours").kind(), io::ErrorKind::InvalidData);
    assert!(later.exists());
}

#[test]
fn links_are_not_followed_and_what_is_no_file_is_left_out() {
    let world = World::new();
    let state = world.state();
    symlink("/etc/passwd", state.join("passwd")).expect("a link");
    symlink("/proc/self", state.join("directory")).expect("a link");
    let _socket = std::os::unix::net::UnixListener::bind(state.join("socket")).expect("a socket");
    nix::unistd::mkfifo(&state.join("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    world.take(1);
    assert_eq!(names(&world.data(1)), ["directory", "passwd"]);
    restore(&world.layout, world.id, 1, 2).expect("restores");
    assert_eq!(names(&state), ["directory", "passwd"]);
    assert_eq!(std::fs::read_link(state.join("passwd")).expect("still a link"), Path::new("/etc/passwd"));
    assert_eq!(std::fs::read_link(state.join("directory")).expect("still a link"), Path::new("/proc/self"));
    forget(&world.layout, world.id, 1).expect("forgets");
    assert!(Path::new("/etc/passwd").exists() && Path::new("/proc/self/stat").exists());
}

#[test]
fn a_tree_deeper_than_any_path_or_stack_or_table_of_files_is_kept_put_back_and_removed() {
    let world = World::new();
    let mut here = File::open(world.state()).expect("the state");
    for _ in 0..4_000 {
        mkdirat(&here, "level", Mode::from(0o700)).expect("a directory");
        here = rustix::fs::openat(&here, "level", rustix::fs::OFlags::DIRECTORY, Mode::empty()).expect("opens").into();
    }
    rustix::fs::symlinkat("bottom", &here, "bottom").expect("a link");
    drop(here);
    // As small a stack as a thread may well have, and a table of files as small as a service may well have.
    std::thread::scope(|scope| {
        let work = || {
            world.take(1);
            restore(&world.layout, world.id, 1, 2).expect("restores");
            room(&world.layout, world.id).expect("room");
            forget(&world.layout, world.id, 1).expect("forgets");
        };
        std::thread::Builder::new().stack_size(256 * 1024).spawn_scoped(scope, work).expect("a thread").join().expect("it survives");
    });
    let mut place = walk::Place::open(&world.state()).expect("the state");
    for _ in 0..4_000 {
        place.enter(c"level").expect("a level");
    }
    assert!(rustix::fs::readlinkat(place.here(), "bottom", Vec::new()).is_ok());
    drop(place);
    // And so it goes when the deployment is purged.
    std::thread::scope(|scope| {
        let purge = || crate::volumes::remove(&world.layout, world.id).expect("removed");
        std::thread::Builder::new().stack_size(256 * 1024).spawn_scoped(scope, purge).expect("a thread").join().expect("it survives");
    });
    assert!(!world.layout.volume(world.id).exists());
}

#[test]
fn room_can_be_asked_for_while_the_agent_makes_and_removes_whole_trees() {
    let world = World::new();
    let (state, over) = (world.state(), std::sync::atomic::AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                seed(&state);
                for name in names(&state).iter().map(|name| state.join(name)) {
                    layout::remove(&name).expect("removed");
                }
                let _ = std::fs::remove_file(state.join(OsStr::from_bytes(b"not \xff\xfe text")));
            }
        });
        for _ in 0..300 {
            let room = room(&world.layout, world.id);
            over.store(room.is_err(), std::sync::atomic::Ordering::Relaxed);
            assert!(room.expect("room").fits);
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn what_has_not_changed_is_shared_between_snapshots_but_never_with_the_state() {
    let world = World::new();
    let (state, files) = (world.state(), ["big", "a/touched", "a/same", "a/disguised", "recreated"]);
    std::fs::create_dir(state.join("a")).expect("a directory");
    for name in files {
        std::fs::write(state.join(name), name.repeat(1_000)).expect("written");
    }
    let old = Timespec { tv_sec: 499_162_500, tv_nsec: 0 };
    let age = |name: &str| utimensat(CWD, state.join(name), &Timestamps { last_access: old, last_modification: old }, AtFlags::empty()).expect("a time");
    ["a/disguised", "recreated"].into_iter().for_each(age);
    world.until_old();
    assert_eq!(world.take(1).method, world.take(2).method);
    if world.take(1).method == CopyMethod::Reflink {
        return;
    }
    // The same size and the same date, as npm leaves behind when it installs another version of a package.
    std::fs::File::options().write(true).open(state.join("a/disguised")).expect("opens").write_at(b"X", 9).expect("written");
    std::fs::remove_file(state.join("recreated")).expect("removed");
    std::fs::write(state.join("recreated"), "RECREATED".repeat(1_000)).expect("written");
    ["a/disguised", "recreated"].into_iter().for_each(age);
    std::fs::write(state.join("a/touched"), "x").expect("written");
    std::fs::write(state.join("a/added"), "x").expect("written");
    world.take(3);
    restore(&world.layout, world.id, 3, 1).expect("restores");
    world.take(4);

    let at = |number, name: &str| inode(&world.data(number).join(name));
    for name in files {
        assert_eq!(at(1, name), at(2, name), "{name}");
        assert_eq!(at(1, name) == at(3, name), ["big", "a/same"].contains(&name), "{name}");
        for number in 1..=4 {
            assert_ne!(at(number, name), inode(&state.join(name)), "{name}");
        }
    }
    assert_eq!((tree(&world.data(3)), tree(&world.data(4))), (tree(&state), tree(&state)));
    assert_eq!(std::fs::read(world.data(2).join("recreated")).expect("a file"), "recreated".repeat(1_000).as_bytes());
    forget(&world.layout, world.id, 1).expect("forgets");
    assert_eq!(std::fs::read(world.data(3).join("big")).expect("a file"), "big".repeat(1_000).as_bytes());
}

#[test]
fn a_file_that_was_young_at_a_snapshot_is_copied_again() {
    let world = World::new();
    std::fs::write(world.state().join("young"), "young").expect("written");
    world.take(1);
    world.take(2);
    assert_ne!(inode(&world.data(1).join("young")), inode(&world.data(2).join("young")));
}

#[test]
fn a_snapshot_does_not_change_when_the_state_is_written_in_place_afterwards() {
    let world = World::new();
    std::fs::write(world.state().join("memory.sqlite"), vec![7; 3_000_000]).expect("written");
    world.until_old();
    let before = tree(&world.state());
    world.take(1);
    world.take(2);
    let database = std::fs::File::options().read(true).write(true).open(world.state().join("memory.sqlite")).expect("opens");
    for page in [0, 3, 70] {
        database.write_at(&[9; 4_096], page * 4_096).expect("written");
    }
    database.sync_all().expect("synced");
    world.take(3);
    assert_eq!((tree(&world.data(1)), tree(&world.data(2))), (before.clone(), before));
    assert_eq!(tree(&world.data(3)), tree(&world.state()));
}

#[test]
fn holes_stay_holes() {
    let world = World::new();
    let sparse = std::fs::File::create(world.state().join("sparse")).expect("a file");
    sparse.set_len(1 << 40).expect("a length");
    sparse.write_at(b"in the middle", 1 << 39).expect("written");
    let taken = world.take(1);
    restore(&world.layout, world.id, 1, 2).expect("restores");
    for path in [world.data(1).join("sparse"), world.state().join("sparse")] {
        let meta = std::fs::metadata(&path).expect("a look");
        assert!(meta.len() == 1 << 40 && meta.blocks() < 1_000, "{} blocks", meta.blocks());
        let mut middle = [0; 13];
        File::open(&path).expect("opens").read_exact_at(&mut middle, 1 << 39).expect("read");
        assert_eq!(&middle, b"in the middle");
    }
    assert!(taken.bytes < MIB && room(&world.layout, world.id).expect("room").needed < MIB);
}

#[test]
fn a_full_disk_is_told_before_anything_is_copied() {
    let Some(world) = World::mounted("tmpfs", "size=330m,mode=0700", |_| false) else { return };
    std::fs::write(world.state().join("big"), vec![1; 50 * 1024 * 1024]).expect("written");
    let room = room(&world.layout, world.id).expect("room");
    assert!(!room.fits && room.needed > 50 * MIB && room.free <= 280 * MIB, "{room:?}");
    let error = take(&world.layout, world.id, 1, Timestamp::from_millis(0)).expect_err("it does not fit");
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    let text = error.to_string();
    assert!(text.contains("needs 51 MiB and 256 MiB must stay free") && text.contains("has 280 MiB free"), "{text}");
    assert_eq!((world.names(), world.kept()), (vec!["state".to_owned()], vec![]));
    // A little less fits.
    std::fs::write(world.state().join("big"), vec![1; 30 * 1024 * 1024]).expect("written");
    assert!(super::room(&world.layout, world.id).expect("room").fits);
    let before = tree(&world.state());
    world.take(1);
    // The way back may use the reserve, but is refused as well when nothing is left at all.
    std::fs::write(world.state().join("more"), vec![1; 250 * 1024 * 1024]).expect("written");
    let error = restore(&world.layout, world.id, 1, 1).expect_err("it does not fit");
    assert_eq!((error.kind(), world.restored()), (io::ErrorKind::StorageFull, None));
    std::fs::write(world.state().join("more"), vec![1; 200 * 1024 * 1024]).expect("written");
    restore(&world.layout, world.id, 1, 1).expect("restores");
    assert_eq!((tree(&world.state()), world.restored()), (before, Some((1, 1))));
}

#[test]
fn a_disk_without_files_to_give_is_full_as_well() {
    let Some(world) = World::mounted("tmpfs", "size=1g,nr_inodes=9000,mode=0700", |_| false) else { return };
    let error = take(&world.layout, world.id, 1, Timestamp::from_millis(0)).expect_err("it does not fit");
    assert!(error.kind() == io::ErrorKind::StorageFull && error.to_string().contains("files: 1 of 89"), "{error}");
}

#[test]
fn where_the_file_system_shares_blocks_nothing_is_copied() {
    for kind in ["xfs", "btrfs"] {
        let image = |image: &Path| {
            let made = File::create(image).and_then(|file| file.set_len(1 << 30));
            made.is_ok() && Command::new(format!("mkfs.{kind}")).arg("-q").arg(image).output().is_ok_and(|made| made.status.success())
        };
        let Some(world) = World::mounted(kind, "loop", image) else { continue };
        seed(&world.state());
        std::fs::write(world.state().join("big"), vec![1; 40 * 1024 * 1024]).expect("written");
        // What is not on the disk yet is not counted as used yet.
        syncfs(File::open(world.state()).expect("the state")).expect("synced");
        let (before, room) = (tree(&world.state()), room(&world.layout, world.id).expect("room"));
        assert!(room.fits && room.needed < MIB, "{kind}: {room:?}");
        assert_eq!(world.take(1).method, CopyMethod::Reflink, "{kind}");
        assert_eq!(world.take(2).method, CopyMethod::Reflink, "{kind}");
        let after = super::room(&world.layout, world.id).expect("room");
        assert!(room.free - after.free < 20 * MIB, "{kind}: {} bytes were copied", room.free - after.free);
        std::fs::File::options().write(true).open(world.state().join("big")).expect("opens").write_at(b"X", 4_711).expect("written");
        assert_eq!((tree(&world.data(1)), tree(&world.data(2))), (before.clone(), before.clone()), "{kind}");
        restore(&world.layout, world.id, 1, 1).expect("restores");
        assert_eq!((tree(&world.state()), world.restored()), (before, Some((1, 1))), "{kind}");
    }
}

const ORDERS: &str = "VIVIER_SNAPSHOTS_TEST_ORDERS";

/// Not a test of its own: what the others start. Without orders it has nothing to do.
#[test]
fn the_host_that_dies() {
    let Ok(orders) = std::env::var(ORDERS) else { return };
    let (root, id, verb): (PathBuf, String, String) = serde_json::from_str(&orders).expect("orders");
    let layout = Layout::open(&root).expect("a layout");
    let id = id.parse().expect("an id");
    match verb.as_str() {
        "take" => take(&layout, id, 2, Timestamp::from_millis(2)).map(drop),
        "restore" => restore(&layout, id, 1, 7).and_then(|()| discard_former(&layout, id)),
        _ => forget(&layout, id, 1),
    }
    .expect("the verb works");
}

impl World {
    /// Has it done in a process that dies after `n` side effects. `true` when it came to its end before.
    fn die_after(&self, verb: &str, n: u64) -> bool {
        let output = Command::new(std::env::current_exe().expect("this binary"))
            .args(["snapshots::tests::the_host_that_dies", "--exact", "--nocapture"])
            .env(ORDERS, serde_json::to_string(&(self.layout.root(), self.id.to_string(), verb)).expect("orders"))
            .env(fault::VARIABLE, n.to_string())
            .output()
            .expect("it runs");
        let died = String::from_utf8_lossy(&output.stderr).contains("dying at");
        assert!(died || output.status.success(), "it failed instead: {}", String::from_utf8_lossy(&output.stdout));
        !died
    }

    /// With a snapshot 1, and a state that has gone on since.
    fn grown() -> Self {
        let world = Self::new();
        seed(&world.state());
        world.take(1);
        std::fs::write(world.state().join("openclaw.json"), b"later").expect("written");
        std::fs::create_dir_all(world.state().join("x/y")).expect("directories");
        world
    }
}

#[test]
fn a_snapshot_that_dies_anywhere_is_whole_or_not_there() {
    for n in 1.. {
        let world = World::grown();
        let (first, state) = (tree(&world.data(1)), tree(&world.state()));
        let ended = world.die_after("take", n);
        if world.kept() != [1] {
            assert_eq!((world.kept(), tree(&world.data(2))), (vec![1, 2], state.clone()), "after {n}");
        }
        world.take(2);
        assert_eq!((tree(&world.data(1)), tree(&world.data(2)), tree(&world.state())), (first, state.clone(), state), "after {n}");
        assert_eq!(names(&world.layout.snapshot(world.id, 2)).len(), 2 + usize::from(world.take(2).method == CopyMethod::Copy), "after {n}");
        if ended {
            assert!(n > 20, "only {n} points were passed");
            break;
        }
    }
}

#[test]
fn a_restoration_that_dies_anywhere_leaves_old_or_new_data_whole_and_knows_which() {
    let mut old_data_after = 0;
    for n in 1.. {
        let world = World::grown();
        let (kept, state) = (tree(&world.data(1)), tree(&world.state()));
        let ended = world.die_after("restore", n);
        let now = tree(&world.state());
        if world.restored() == Some((1, 7)) {
            assert_eq!(now, kept, "after {n}");
            old_data_after += 1;
        } else {
            assert_eq!((world.restored(), now), (None, state), "after {n}");
        }
        restore(&world.layout, world.id, 1, 7).unwrap_or_else(|error| panic!("after {n}: {error}"));
        assert_eq!((tree(&world.state()), tree(&world.data(1)), world.restored()), (kept.clone(), kept, Some((1, 7))), "after {n}");
        discard_former(&world.layout, world.id).expect("removed");
        assert_eq!(world.names(), ["restored.json", "snapshots", "state"], "after {n}");
        std::fs::write(world.state().join("openclaw.json"), b"worked on since").expect("written");
        restore(&world.layout, world.id, 1, 7).expect("does nothing");
        assert_eq!(std::fs::read(world.state().join("openclaw.json")).expect("a file"), b"worked on since", "after {n}");
        if ended {
            assert!(n > 40 && old_data_after > 10, "only {n} points were passed, {old_data_after} of them afterwards");
            break;
        }
    }
}

#[test]
fn after_a_death_between_exchange_and_note_the_next_snapshot_notes_it() {
    let world = World::grown();
    let kept = tree(&world.data(1));
    let n = (1..).find(|&n| !world.die_after("restore", n) && world.restored() == Some((1, 7))).expect("a point");
    assert!(world.names().contains(&"restoring".to_owned()), "after {n}");
    world.take(2);
    assert_eq!((world.names(), world.restored()), (vec!["restored.json".into(), "snapshots".into(), "state".into()], Some((1, 7))));
    assert_eq!((tree(&world.data(2)), Memory::read(&world.layout, world.id).expect("readable").next), (kept, None));
}

#[test]
fn a_snapshot_half_forgotten_is_gone() {
    for n in 1.. {
        let world = World::grown();
        let state = tree(&world.state());
        let ended = world.die_after("forget", n);
        assert_eq!(world.kept(), Vec::<u64>::new(), "after {n}");
        world.take(2);
        assert_eq!((names(&world.layout.snapshots(world.id)), tree(&world.data(2))), (vec!["2".to_owned()], state), "after {n}");
        if ended {
            break;
        }
    }
}
