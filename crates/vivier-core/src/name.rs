//! Names that people choose, parsed at the door into types that cannot be wrong.

use std::fmt;
use std::str::FromStr;

macro_rules! text_type {
    ($name:ident, $error:ident, $pattern:expr, $format:expr) => {
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }


        $crate::text::travels_as_text!($name, pattern: $pattern, format: $format);
    };
}

/// The label under which an agent is reached: `<slug>.<base domain>`. One DNS label: 3 to 40 of a-z, 0-9 and inner hyphens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseSlugError {
    #[error("must have 3 to 40 characters")]
    Length,
    #[error("may hold only a-z, 0-9 and hyphens, and must begin and end with a letter or digit")]
    Letters,
    #[error("is reserved for Vivier itself; choose another")]
    Reserved,
}

/// Labels that would read as Vivier's own, or that browsers and mail treat as special.
const RESERVED: &[&str] = &[
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "billing",
    "console",
    "dashboard",
    "docs",
    "edge",
    "health",
    "help",
    "localhost",
    "login",
    "mail",
    "metrics",
    "ops",
    "root",
    "security",
    "setup",
    "signup",
    "static",
    "status",
    "support",
    "vivier",
    "www",
];

impl FromStr for Slug {
    type Err = ParseSlugError;

    fn from_str(text: &str) -> Result<Self, ParseSlugError> {
        if !(3..=40).contains(&text.len()) {
            return Err(ParseSlugError::Length);
        }
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        // `xn--` and its kin (a hyphen in places three and four) would be read as another script's name.
        let disguised = text.as_bytes().get(2..4) == Some(b"--");
        if !text.bytes().all(inner) || text.starts_with('-') || text.ends_with('-') || disguised {
            return Err(ParseSlugError::Letters);
        }
        if RESERVED.contains(&text) {
            return Err(ParseSlugError::Reserved);
        }
        Ok(Self(text.to_owned()))
    }
}
text_type!(Slug, ParseSlugError, Some("^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$"), None);

impl Slug {
    /// A slug made of what `name` offers, followed by `suffix` (which keeps two customers' "My agent" apart).
    /// `suffix` must itself be letters and digits; at most 8 are used.
    pub fn suggest(name: &str, suffix: &str) -> Self {
        let mut stem = String::new();
        for letter in name.chars().flat_map(char::to_lowercase) {
            match letter {
                'a'..='z' | '0'..='9' => stem.push(letter),
                _ if stem.ends_with('-') || stem.is_empty() => {}
                _ => stem.push('-'),
            }
        }
        stem.truncate(28);
        let stem = stem.trim_matches('-').replace("--", "-");
        let suffix: String = suffix.chars().filter(char::is_ascii_alphanumeric).take(8).collect::<String>().to_lowercase();
        let text = if stem.is_empty() { format!("agent-{suffix}") } else { format!("{stem}-{suffix}") };
        text.parse().unwrap_or_else(|_| Self(format!("agent-{suffix}x").trim_matches('-').to_owned()))
    }
}

/// What a person calls an agent: 1 to 60 characters, no control characters, no leading or trailing space.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DisplayName(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 60 characters, no line breaks or other control characters, and no space at either end")]
pub struct ParseDisplayNameError;

impl FromStr for DisplayName {
    type Err = ParseDisplayNameError;

    fn from_str(text: &str) -> Result<Self, ParseDisplayNameError> {
        let count = text.chars().count();
        // Bidirectional overrides would let one name be shown as another.
        let hidden =
            |letter: char| letter.is_control() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if (1..=60).contains(&count) && text.trim() == text && !text.chars().any(hidden) { Ok(Self(text.to_owned())) } else { Err(ParseDisplayNameError) }
    }
}
text_type!(DisplayName, ParseDisplayNameError, Some("^\\S(.{0,58}\\S)?$"), None);

/// An address of mail, lower-cased. Checked for shape only: that it is read is proven by a mail, not by a pattern.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be an address such as name@example.com, of at most 254 characters")]
pub struct ParseEmailError;

impl FromStr for Email {
    type Err = ParseEmailError;

    fn from_str(text: &str) -> Result<Self, ParseEmailError> {
        let text = text.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(ParseEmailError)?;
        let printable = |part: &str| part.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"(),:;<>[\\]@".contains(&byte));
        let label = |part: &str| !part.is_empty() && part.len() <= 63 && !part.starts_with('-') && !part.ends_with('-');
        let domain_fits = domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.') && domain.split('.').all(label);
        let local_fits = (1..=64).contains(&local.len()) && printable(local) && !local.starts_with('.') && !local.ends_with('.');
        if text.len() <= 254 && local_fits && domain_fits { Ok(Self(text)) } else { Err(ParseEmailError) }
    }
}
text_type!(Email, ParseEmailError, None, Some("email"));

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slugs_that_would_break_a_host_name_are_refused() {
        for text in ["ab", "-abc", "abc-", "Abc", "a.b", "a b", "xn--abc", "a\r\nb", "abc/def", "www", "a_b", &"a".repeat(41)] {
            assert!(text.parse::<Slug>().is_err(), "{text:?}");
        }
        assert!("my-agent-7".parse::<Slug>().is_ok());
    }

    #[test]
    fn addresses_are_lower_cased_and_checked() {
        assert_eq!("Ada@Example.COM".parse::<Email>().expect("parses").as_str(), "ada@example.com");
        for text in ["", "a", "@b.c", "a@", "a@b@c d", "a@-b.c", "a\n@b.c", "a@b..c"] {
            assert!(text.parse::<Email>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_name_suggests_a_valid_slug(name in ".{0,80}", suffix in "[a-z0-9]{6}") {
            let slug = Slug::suggest(&name, &suffix);
            prop_assert!(slug.as_str().parse::<Slug>().is_ok(), "{:?}", slug);
        }
    }
}
