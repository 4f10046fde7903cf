//! Licences as CycloneDX wants them: an SPDX identifier, an SPDX expression, or a name that is neither.

use serde::{Deserialize, Serialize};

/// SPDX identifiers that npm's packages use (spdx.org/licenses). An unknown one is told as a name: CycloneDX's schema refuses
/// identifiers that SPDX does not have.
const KNOWN: &[&str] = &[
    "0BSD",
    "AFL-2.1",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC0-1.0",
    "EPL-2.0",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OFL-1.1",
    "Python-2.0",
    "Unicode-3.0",
    "Unlicense",
    "WTFPL",
    "Zlib",
];

/// One entry of a component's `licenses`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Choice {
    Expression { expression: String },
    Licence { license: Licence },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Licence {
    Id(String),
    Name(String),
}

impl Choice {
    /// What a package says of its licence.
    pub(super) fn of(text: &str) -> Self {
        let text = text.trim();
        if KNOWN.contains(&text) {
            Self::Licence { license: Licence::Id(text.to_owned()) }
        } else if is_expression(text) {
            Self::Expression { expression: text.to_owned() }
        } else {
            Self::Licence { license: Licence::Name(text.to_owned()) }
        }
    }
}

/// Known identifiers, joined by `AND` and `OR`, with brackets that match.
fn is_expression(text: &str) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut depth = 0_usize;
    // A licence is expected first, and again after each operator.
    let mut wanted = true;
    for word in spaced.split_whitespace() {
        match word {
            "(" if wanted => depth += 1,
            ")" if !wanted && depth > 0 => depth -= 1,
            "AND" | "OR" if !wanted => wanted = true,
            id if wanted && KNOWN.contains(&id) => wanted = false,
            _ => return false,
        }
    }
    !wanted && depth == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_an_expression_and_a_name_are_told_apart() {
        let json = |text| serde_json::to_value(Choice::of(text)).expect("serialises");
        assert_eq!(json("MIT"), serde_json::json!({ "license": { "id": "MIT" } }));
        assert_eq!(json("(MIT AND (Zlib OR ISC))"), serde_json::json!({ "expression": "(MIT AND (Zlib OR ISC))" }));
        for text in ["MIT OR Apache", "SEE LICENSE IN LICENSE", "UNLICENSED", "(MIT", "MIT)", "MIT AND", "OR MIT", "MIT ISC", "()"] {
            assert_eq!(json(text), serde_json::json!({ "license": { "name": text } }), "{text}");
        }
    }
}
