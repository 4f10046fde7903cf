//! Package URLs: `pkg:npm/%40scope/name@1.0.0`, `pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12`.
//!
//! Source: ECMA-427 (github.com/package-url/purl-spec). Letters, digits and `.-_~:` stay as they are, all else is percent-encoded;
//! qualifiers are sorted by their key.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::str::FromStr;

/// One package, at one version or at none. A subpath is not held: nothing here has one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Purl {
    /// `npm`, `deb`, `generic`.
    pub kind: String,
    pub namespace: Option<String>,
    pub name: String,
    pub version: Option<String>,
    pub qualifiers: BTreeMap<String, String>,
}

/// Why a text is not a package URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must look like pkg:type/namespace/name@version?key=value")]
pub struct ParsePurlError;

impl Purl {
    /// A package of npm; `name` with its scope, if it has one.
    pub fn npm(name: &str, version: &str) -> Self {
        let (namespace, name) = match name.split_once('/') {
            Some((scope, name)) if scope.starts_with('@') => (Some(scope.to_owned()), name),
            _ => (None, name),
        };
        Self { namespace, ..Self::generic(name, version).of_kind("npm") }
    }

    /// A binary package of Debian's release `release`, such as `12`.
    pub fn deb(name: &str, version: &str, architecture: &str, release: &str) -> Self {
        let qualifiers = [("arch", architecture.to_owned()), ("distro", format!("debian-{release}"))];
        let qualifiers = qualifiers.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Self { namespace: Some("debian".to_owned()), qualifiers, ..Self::generic(name, version).of_kind("deb") }
    }

    /// Something that no package manager knows.
    pub fn generic(name: &str, version: &str) -> Self {
        Self { kind: "generic".to_owned(), namespace: None, name: name.to_owned(), version: Some(version.to_owned()), qualifiers: BTreeMap::new() }
    }

    fn of_kind(self, kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..self }
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, namespace, name, version, qualifiers } = self;
        write!(f, "pkg:{kind}/")?;
        for segment in namespace.iter().flat_map(|namespace| namespace.split('/')) {
            write!(f, "{}/", encode(segment))?;
        }
        f.write_str(&encode(name))?;
        if let Some(version) = version {
            write!(f, "@{}", encode(version))?;
        }
        for (at, (key, value)) in qualifiers.iter().enumerate() {
            write!(f, "{}{key}={}", if at == 0 { '?' } else { '&' }, encode(value))?;
        }
        Ok(())
    }
}

impl FromStr for Purl {
    type Err = ParsePurlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("pkg:").ok_or(ParsePurlError)?;
        let rest = rest.split_once('#').map_or(rest, |(rest, _subpath)| rest);
        let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, query)| (rest, query));
        // The version's `@` is the last one: a scope's is encoded, but not everybody does that.
        let slash = rest.rfind('/').ok_or(ParsePurlError)?;
        let (path, version) = match rest.rfind('@') {
            Some(at) if at > slash + 1 => (&rest[..at], Some(decode(&rest[at + 1..])?)),
            _ => (rest, None),
        };
        let mut segments = path.trim_matches('/').split('/').filter(|segment| !segment.is_empty());
        let kind = segments.next().ok_or(ParsePurlError)?.to_ascii_lowercase();
        let mut path = segments.map(decode).collect::<Result<Vec<_>, _>>()?;
        let name = path.pop().filter(|name| !name.is_empty()).ok_or(ParsePurlError)?;
        let namespace = (!path.is_empty()).then(|| path.join("/"));
        let mut qualifiers = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or(ParsePurlError)?;
            qualifiers.insert(key.to_ascii_lowercase(), decode(value)?);
        }
        Ok(Self { kind, namespace, name, version: version.filter(|version| !version.is_empty()), qualifiers })
    }
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes everything");
        }
    }
    encoded
}

fn decode(text: &str) -> Result<String, ParsePurlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            let (digits, after) = after.split_at_checked(2).ok_or(ParsePurlError)?;
            bytes.extend(hex::decode(digits).map_err(|_| ParsePurlError)?);
            rest = after;
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).map_err(|_| ParsePurlError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_a_plus_and_an_epoch_are_written_as_the_specification_says_and_read_back() {
        let cases = [
            (Purl::npm("@openclaw/slack", "2026.9.6"), "pkg:npm/%40openclaw/slack@2026.9.6"),
            (Purl::npm("openclaw", "1.0.0-rc.1+build"), "pkg:npm/openclaw@1.0.0-rc.1%2Bbuild"),
            (Purl::deb("libstdc++6", "12.2.0-14+deb12u1", "amd64", "12"), "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12"),
            (Purl::deb("zlib1g", "1:1.2.13.dfsg-1", "amd64", "12"), "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12"),
            (Purl::generic("node", "24.21.0"), "pkg:generic/node@24.21.0"),
        ];
        for (purl, text) in cases {
            assert_eq!(purl.to_string(), text);
            assert_eq!(text.parse(), Ok(purl));
        }
        assert_eq!("pkg:npm/@openclaw/slack@2026.9.6".parse(), Ok(Purl::npm("@openclaw/slack", "2026.9.6")), "the scope as some write it");
    }

    #[test]
    fn what_is_no_package_url_is_refused() {
        for text in ["", "npm/x@1", "pkg:npm", "pkg:npm/", "pkg:npm/x%4", "pkg:npm/x%zz", "pkg:deb/debian/x@1?arch", "pkg:npm/%ff"] {
            assert_eq!(text.parse::<Purl>(), Err(ParsePurlError), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_in_a_name_or_a_version_it_is_read_back(name in "[^/\\p{C}]{1,12}", version in "\\PC{1,12}", scope in "@[a-z]{1,5}") {
            for purl in [Purl::npm(&format!("{scope}/{name}"), &version), Purl::deb(&name, &version, "amd64", "12")] {
                proptest::prop_assert_eq!(purl.to_string().parse(), Ok(purl));
            }
        }

        #[test]
        fn no_text_breaks_the_reader(text in "(pkg:)?[a-z/@%?#&=.0-9]{0,30}") {
            drop(text.parse::<Purl>());
        }
    }
}
