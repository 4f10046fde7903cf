//! The Debian packages of an image, as dpkg lists them (`dpkg-query(1)`, `deb-control(5)`).

use std::collections::{BTreeMap, BTreeSet};

use super::contents::Contents;
use super::cyclonedx::{BillError, Component, Kind, Property};
use super::purl::Purl;
use super::{Part, SOURCE, SOURCE_VERSION};

/// The Debian system of an image.
pub(super) struct Debian {
    system: Component,
    packages: Vec<Package>,
}

#[derive(Debug, Default)]
struct Package {
    component: Option<Component>,
    /// Each of them can be met by any of its alternatives.
    needs: Vec<Vec<String>>,
    /// The names that it goes by.
    names: Vec<String>,
}

pub(super) fn packages(contents: &Contents) -> Result<Debian, BillError> {
    let (Some(os_release), Some(status)) = (&contents.os_release, &contents.dpkg_status) else { return Err(BillError::NoDebian) };
    let said = |key: &str| os_release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(|value| value.trim_matches(['"', '\'']));
    let (Some("debian"), Some(release)) = (said("ID"), said("VERSION_ID")) else { return Err(BillError::NoDebian) };
    let mut system = Component::bare(Kind::OperatingSystem, &format!("debian-{release}"), "debian");
    system.version = Some(release.to_owned());
    let packages = status.split("\n\n").filter(|stanza| !stanza.trim().is_empty()).map(|stanza| package(stanza, release)).collect::<Result<_, _>>()?;
    Ok(Debian { system, packages })
}

/// One paragraph of the list. A package that was removed and left its settings behind has no component.
fn package(stanza: &str, release: &str) -> Result<Package, BillError> {
    let fields = fields(stanza);
    let field = |name: &str| fields.get(name).map(String::as_str);
    let needed =
        |name: &str| field(name).ok_or_else(|| BillError::Debian(format!("a package has no field {name}: {}", stanza.lines().next().unwrap_or_default())));
    let name = needed("Package")?;
    if needed("Status")?.split_whitespace().last() != Some("installed") {
        return Ok(Package::default());
    }
    let (version, architecture) = (needed("Version")?, needed("Architecture")?);
    // `Source: bash (5.2.15-2)`: the name where it is another one, and the version where that is another one.
    let (source, source_version) = match field("Source") {
        Some(source) => match source.split_once(" (") {
            Some((source, version)) => (source, version.trim_end_matches(')')),
            None => (source, version),
        },
        None => (name, version),
    };
    let mut component = Component::new(Kind::Library, &Purl::deb(name, version, architecture, release));
    component.properties =
        vec![Property { name: SOURCE.to_owned(), value: source.to_owned() }, Property { name: SOURCE_VERSION.to_owned(), value: source_version.to_owned() }];
    let needs = ["Pre-Depends", "Depends"].into_iter().filter_map(field).flat_map(|list| list.split(','));
    let needs = needs.map(|group| group.split('|').filter_map(bare_name).map(str::to_owned).collect()).collect();
    let provides = field("Provides").unwrap_or_default().split(',').filter_map(bare_name);
    let names = [name].into_iter().chain(provides).map(str::to_owned).collect();
    Ok(Package { component: Some(component), needs, names })
}

/// The fields of a paragraph; a line that begins with a blank belongs to the field before it.
fn fields(stanza: &str) -> BTreeMap<&str, String> {
    let mut fields: BTreeMap<&str, String> = BTreeMap::new();
    let mut last = None;
    for line in stanza.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some(value) = last.and_then(|name| fields.get_mut(name)) {
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.insert(name, value.trim().to_owned());
            last = Some(name);
        }
    }
    fields
}

/// `libc6` of ` libc6:any (>= 2.36)`.
fn bare_name(text: &str) -> Option<&str> {
    text.split_whitespace().next().map(|name| name.split(':').next().unwrap_or(name)).filter(|name| !name.is_empty())
}

impl From<Debian> for Part {
    fn from(debian: Debian) -> Self {
        let Debian { system, packages } = debian;
        let mut by_name: BTreeMap<&str, &str> = BTreeMap::new();
        for package in &packages {
            let Some(component) = &package.component else { continue };
            for (at, name) in package.names.iter().enumerate() {
                // A package's own name comes before what others provide.
                if at == 0 || !by_name.contains_key(name.as_str()) {
                    by_name.insert(name, &component.bom_ref);
                }
            }
        }
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for package in &packages {
            let Some(component) = &package.component else { continue };
            edges.entry(system.bom_ref.clone()).or_default().insert(component.bom_ref.clone());
            let met = package.needs.iter().filter_map(|alternatives| alternatives.iter().find_map(|name| by_name.get(name.as_str())));
            edges.insert(component.bom_ref.clone(), met.map(|found| (*found).to_owned()).filter(|found| *found != component.bom_ref).collect());
        }
        let top = [system.bom_ref.clone()].into();
        let components = packages.into_iter().filter_map(|package| package.component).chain([system]).collect();
        Self { components, top, edges }
    }
}
