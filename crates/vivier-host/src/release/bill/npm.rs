//! The npm packages of an image, and which of them needs which.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;

use super::Part;
use super::contents::Contents;
use super::cyclonedx::{Component, Hash, Kind};
use super::purl::Purl;

/// Every installed package. One that lies in several folders is one component.
pub(super) fn packages(contents: &Contents) -> Part {
    let refs: BTreeMap<&str, String> =
        contents.packages.iter().map(|(folder, manifest)| (folder.as_str(), Purl::npm(&manifest.name, &manifest.version).to_string())).collect();
    let mut part = Part::default();
    let mut places: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for folder in contents.packages.keys() {
        places.entry(&refs[folder.as_str()]).or_default().insert(folder);
    }
    for (bom_ref, folders) in places {
        part.components.push(component(contents, &folders));
        let needs = folders.iter().flat_map(|folder| contents.packages[*folder].needs.iter().filter_map(|name| resolve(&refs, folder, name)));
        part.edges.insert(bom_ref.clone(), needs.filter(|needed| needed != bom_ref).collect());
    }
    for (project, names) in &contents.projects {
        part.top.extend(names.iter().filter_map(|name| refs.get(format!("{project}/node_modules/{name}").as_str()).cloned()));
    }
    for folder in &contents.nameless {
        let mut file = Component::bare(Kind::File, &format!("file:/{folder}/package.json"), "package.json");
        file.found_at([format!("{folder}/package.json")].into());
        part.components.push(file);
    }
    part
}

fn component(contents: &Contents, folders: &BTreeSet<&String>) -> Component {
    let first = &contents.packages[*folders.first().expect("a package lies somewhere")];
    let mut component = Component::new(Kind::Library, &Purl::npm(&first.name, &first.version));
    component.found_at(folders.iter().map(|folder| (*folder).clone()).collect());
    // What the locks say of another version of it is not said of this one.
    let locked: Vec<_> = folders.iter().filter_map(|folder| contents.locked.get(*folder)).filter(|locked| locked.version == first.version).collect();
    let integrity: BTreeSet<_> = locked.iter().filter_map(|locked| locked.integrity.as_deref()).flat_map(str::split_whitespace).collect();
    component.hashes = integrity.into_iter().filter_map(hash).collect();
    if let Some(licence) = locked.iter().find_map(|locked| locked.licence.as_ref()).or(first.licence.as_ref()) {
        component.licensed(licence);
    }
    component
}

/// Where Node finds `name` from a package in `folder`: in the nearest `node_modules` on the way up.
fn resolve(refs: &BTreeMap<&str, String>, folder: &str, name: &str) -> Option<String> {
    let mut above = Some(folder);
    while let Some(place) = above {
        if let Some(found) = refs.get(format!("{place}/node_modules/{name}").as_str()) {
            return Some(found.clone());
        }
        above = place.rsplit_once('/').map(|(above, _last)| above);
    }
    None
}

/// `sha512-` and base64, as CycloneDX names and writes it.
fn hash(integrity: &str) -> Option<Hash> {
    let (algorithm, value) = integrity.split_once('-')?;
    let alg = match algorithm {
        "sha1" => "SHA-1",
        "sha256" => "SHA-256",
        "sha384" => "SHA-384",
        "sha512" => "SHA-512",
        _ => return None,
    };
    let bytes = base64::engine::general_purpose::STANDARD.decode(value).ok()?;
    Some(Hash { alg: alg.to_owned(), content: hex::encode(bytes) })
}
