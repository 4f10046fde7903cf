use std::io::Write as _;

use zip::write::SimpleFileOptions;

use super::*;

/// A folder with one archive of these entries.
fn archive(entries: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(folder.path().join("npm")).expect("a folder");
    let mut writer = zip::ZipWriter::new(File::create(folder.path().join("npm/all.zip")).expect("a file"));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        writer.write_all(bytes).expect("written");
    }
    writer.finish().expect("an archive");
    folder
}

fn records(root: &Path) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let take = |bytes: &[u8]| {
        found.push(String::from_utf8_lossy(bytes).into_owned());
        Ok(())
    };
    each(root, take).map(|_count| ()).map_err(|Flaw { place, why }| format!("{place}: {why}"))?;
    Ok(found)
}

#[test]
fn an_archive_and_a_folder_give_the_same_records_and_other_files_are_passed_over() {
    let folder = archive(&[("A-1.json", b"one"), ("notes.txt", b"no record"), ("more/", b""), ("more/A-2.JSON", b"two")]);
    std::fs::write(folder.path().join("npm/B-1.json"), "three").expect("written");
    std::fs::write(folder.path().join("ecosystems.txt"), "npm").expect("written");
    assert_eq!(records(folder.path()), Ok(vec!["three".to_owned(), "one".to_owned(), "two".to_owned()]));
}

#[test]
fn a_name_that_leads_out_of_the_archive_leads_nowhere() {
    let folder = archive(&[("../../../../tmp/vivier-escaped.json", b"one"), ("/etc/vivier-escaped.json", b"two")]);
    assert_eq!(records(folder.path()).expect("records").len(), 2);
    assert!(!Path::new("/tmp/vivier-escaped.json").exists() && !Path::new("/etc/vivier-escaped.json").exists());
}

#[test]
fn a_record_that_swells_is_refused_before_it_fills_memory() {
    let swollen = vec![b' '; 40 * 1024 * 1024];
    let folder = archive(&[("A-1.json", &swollen)]);
    assert!(std::fs::metadata(folder.path().join("npm/all.zip")).expect("a file").len() < 100_000, "small on the disk");
    let said = records(folder.path()).expect_err("too large");
    assert!(said.contains("all.zip/A-1.json") && said.contains("more than 33554432 bytes"), "{said}");
    std::fs::remove_file(folder.path().join("npm/all.zip")).expect("removed");
    std::fs::write(folder.path().join("A-1.json"), &swollen).expect("written");
    assert!(records(folder.path()).expect_err("too large").contains("A-1.json"));
}

#[test]
fn an_archive_with_a_directory_that_would_fill_memory_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::write(folder.path().join("all.zip"), b"PK\x01\x02".repeat(MAX_ENTRIES + 1)).expect("written");
    let said = records(folder.path()).expect_err("too many");
    assert!(said.contains("1000001 entries"), "{said}");
}

#[test]
fn an_archive_that_is_cut_or_damaged_is_an_error() {
    let folder = archive(&[("A-1.json", "a record that is long enough to be packed, packed, packed, packed".as_bytes())]);
    let path = folder.path().join("npm/all.zip");
    let good = std::fs::read(&path).expect("bytes");
    std::fs::write(&path, &good[..good.len() - 10]).expect("written");
    assert!(records(folder.path()).is_err(), "cut");
    let mut damaged = good;
    damaged[45] ^= 0x55;
    std::fs::write(&path, damaged).expect("written");
    let said = records(folder.path()).expect_err("its checksum is wrong");
    assert!(said.contains("all.zip"), "{said}");
}

#[test]
fn folders_in_folders_end_somewhere() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut deep = folder.path().to_owned();
    (0..=MAX_DEPTH).for_each(|_| deep.push("x"));
    std::fs::create_dir_all(&deep).expect("folders");
    let said = records(folder.path()).expect_err("too deep");
    assert!(said.contains("deeper than 8"), "{said}");
}

#[test]
fn a_message_is_one_short_line_whatever_an_archive_calls_its_entries() {
    assert_eq!(plain("a\u{1b}[31m\nb"), "a?[31m?b");
    assert_eq!(plain(&"x".repeat(1_000)).len(), 300);
}
