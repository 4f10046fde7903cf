//! Takes secrets out of a text that somebody else is to read: those that are known, in the forms in which they travel, and whatever
//! has the shape of one.
//!
//! It errs on the side of taking too much: a log without a word that looked like a token is still a log.

/// What stands in a secret's place.
pub const HIDDEN: &str = "[hidden]";

/// Shorter ones would be found in any text: what is so short protects nothing.
const SHORTEST_KNOWN: usize = 4;
/// A word of letters and digits of this length, which nobody reads, may well be a token.
const LONG_WORD: usize = 32;

/// Beginnings of tokens, each with the fewest characters that follow it.
const PREFIXES: &[(&str, usize)] = &[
    ("sk-", 16),
    ("pk-", 16),
    ("rk_", 12),
    ("sk_live_", 8),
    ("sk_test_", 8),
    ("whsec_", 8),
    ("viv_", 16),
    ("vk-", 16),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghs_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxa-", 10),
    ("xapp-", 10),
    ("AKIA", 12),
    ("ASIA", 12),
    ("AIza", 20),
    ("ya29.", 16),
    ("hf_", 16),
    ("npm_", 20),
    ("hvs.", 16),
    ("SG.", 16),
    ("eyJ", 16),
];

/// Names after which a value is hidden: `token=…`, `"password": "…"`, `Authorization: Bearer …`.
const NAMES: &[&str] =
    &["password", "passwd", "secret", "token", "api_key", "apikey", "api-key", "authorization", "bearer", "cookie", "credential", "private_key", "otp"];

/// `text` without any of `secrets` and without what looks like one.
pub fn redact(text: &str, secrets: &[&str]) -> String {
    let text = hide_keys(text);
    let mut text = hide_known(&text, secrets);
    text = text.split_inclusive('\n').map(hide_line).collect();
    text
}

/// Whether `text` holds none of `secrets`, in any of the forms that are looked for.
pub fn is_free_of(text: &str, secrets: &[&str]) -> bool {
    forms(secrets).iter().all(|form| !text.contains(form.as_str()))
}

/// A secret as it is, and as it travels in JSON, in an address and in base 64. The longest first, so that none leaves a rest.
fn forms(secrets: &[&str]) -> Vec<String> {
    let mut forms: Vec<String> = Vec::new();
    for secret in secrets.iter().filter(|secret| secret.chars().count() >= SHORTEST_KNOWN) {
        forms.push((*secret).to_owned());
        let json = serde_json::Value::String((*secret).to_owned()).to_string();
        forms.push(json[1..json.len() - 1].to_owned());
        forms.push(percent(secret));
        // In base 64 its place in the whole is not known: of the three ways that it can lie, what does not depend on the neighbours.
        for shift in 0..3 {
            let encoded = base64(&[vec![0; shift], secret.as_bytes().to_vec()].concat());
            let first = [0, 2, 3][shift];
            let last = encoded.len() - [0, 2, 1][(shift + secret.len()) % 3].min(encoded.len());
            if last > first + 8 {
                forms.push(encoded[first..last].to_owned());
            }
        }
        // A secret of several lines (a key) is written line by line.
        forms.extend(secret.lines().filter(|line| line.len() >= 16 && *line != *secret).map(str::to_owned));
    }
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms
}

fn hide_known(text: &str, secrets: &[&str]) -> String {
    forms(secrets).iter().fold(text.to_owned(), |text, form| text.replace(form.as_str(), HIDDEN))
}

/// Private keys in PEM, from the first line to the last, whatever lies between.
fn hide_keys(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find("-----BEGIN ") {
        let (before, from) = rest.split_at(begin);
        out.push_str(before);
        let label = from["-----BEGIN ".len()..].split("-----").next().unwrap_or_default();
        if !label.contains("PRIVATE KEY") {
            out.push_str(&from[.."-----BEGIN ".len()]);
            rest = &from["-----BEGIN ".len()..];
            continue;
        }
        out.push_str(HIDDEN);
        let end = format!("-----END {label}-----");
        rest = from.find(&end).map_or("", |at| &from[at + end.len()..]);
    }
    out.push_str(rest);
    out
}

/// What parts words: neither letter, digit, nor a sign that tokens are made of.
fn parts(letter: char) -> bool {
    !(letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '+' | '/' | '~' | ':' | '@' | '%'))
}

fn hide_line(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut after_name = false;
    let mut word = String::new();
    for letter in line.chars() {
        if parts(letter) {
            settle(&mut out, &mut word, &mut after_name);
            out.push(letter);
        } else {
            word.push(letter);
        }
    }
    settle(&mut out, &mut word, &mut after_name);
    out
}

/// Writes one word, or what stands for it.
fn settle(out: &mut String, word: &mut String, after_name: &mut bool) {
    if word.is_empty() {
        return;
    }
    let text = std::mem::take(word);
    // The colon of `"password": "…"` is no value.
    if !text.contains(char::is_alphanumeric) {
        out.push_str(&text);
        return;
    }
    let bare = text.trim_end_matches([':', '.']).to_lowercase();
    let names = NAMES.iter().any(|name| bare.ends_with(name));
    // `Bearer` after `Authorization:` is no value yet.
    if names {
        *after_name = true;
        out.push_str(&text);
        return;
    }
    // `basic dXNlcj…`, and `token:value` in one word.
    if *after_name && matches!(bare.as_str(), "basic" | "digest") {
        out.push_str(&text);
        return;
    }
    if let Some((name, value)) = text.split_once([':'])
        && !value.starts_with("//")
        && NAMES.iter().any(|known| name.to_lowercase().ends_with(known))
    {
        out.push_str(name);
        out.push(':');
        out.push_str(if value.is_empty() { "" } else { HIDDEN });
        *after_name = false;
        return;
    }
    if std::mem::take(after_name) || looks_secret(&text) {
        out.push_str(HIDDEN);
        return;
    }
    out.push_str(&without_userinfo(&text));
}

fn looks_secret(word: &str) -> bool {
    let token = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let known = PREFIXES.iter().any(|(prefix, fewest)| {
        word.match_indices(prefix).any(|(at, _)| {
            let fresh = word[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
            fresh && word[at + prefix.len()..].chars().take_while(|letter| token(*letter)).count() >= *fewest
        })
    });
    known || is_bot_token(word) || is_opaque(word)
}

/// Telegram's: digits, a colon, 35 characters.
fn is_bot_token(word: &str) -> bool {
    word.split('/').any(|part| {
        let part = part.strip_prefix("bot").unwrap_or(part);
        part.split_once(':').is_some_and(|(id, rest)| {
            (6..=12).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_digit())
                && rest.len() >= 30
                && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        })
    })
}

/// A long word with letters of both cases and digits, or of many hexadecimal digits, that is no path, address, id or digest of ours.
fn is_opaque(word: &str) -> bool {
    word.split(['/', ':', '@', '%']).any(|part| {
        let part = part.trim_matches('.');
        let plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'='));
        let has = |test: fn(&u8) -> bool| part.as_bytes().iter().any(test);
        let mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
        let hexadecimal = part.bytes().all(|byte| byte.is_ascii_hexdigit());
        // Digests of images are 64 hexadecimal digits behind `sha256:`, and no secret.
        let digest = word.contains("sha256:");
        part.len() >= LONG_WORD && plain && !digest && (mixed || hexadecimal)
    })
}

/// `https://user:password@host` without who it is.
fn without_userinfo(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{HIDDEN}{}", &rest[at..]),
        None => word.to_owned(),
    }
}

fn percent(text: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if safe(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Standard base 64 without padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len() * 4 / 3 + 3);
    for chunk in bytes.chunks(3) {
        let value = chunk.iter().fold(0u32, |value, byte| value << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let digit = usize::try_from(value >> (18 - 6 * place) & 63).unwrap_or_default();
            out.push(char::from(DIGITS[digit]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_has_the_shape_of_a_token_is_hidden_and_the_rest_stays() {
        for (text, told) in [
            ("calling with sk-proj-abcdefghijklmnop1234", "calling with [hidden]"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer [hidden]"),
            ("{\"password\": \"hunter2\", \"user\": \"ada\"}", "{\"password\": \"[hidden]\", \"user\": \"ada\"}"),
            ("TELEGRAM_BOT_TOKEN=123456789:AAabcdefghijklmnopqrstuvwxyz012345678", "TELEGRAM_BOT_TOKEN=[hidden]"),
            ("GET /bot123456789:AAabcdefghijklmnopqrstuvwxyz012345678/getMe", "GET [hidden]"),
            ("https://ada:hunter2@models.example.com/v1?x=1", "https://[hidden]@models.example.com/v1?x=1"),
            ("id dep_01kb00000000000000000000zz is running", "id dep_01kb00000000000000000000zz is running"),
            (
                "image sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "image sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            ),
            ("session 9f86d081884c7d659a2feaa0c55ad015", "session [hidden]"),
            ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nafter", "[hidden]\nafter"),
            ("nothing to hide at 12:30, see /var/log/x.txt", "nothing to hide at 12:30, see /var/log/x.txt"),
        ] {
            assert_eq!(redact(text, &[]), told);
        }
    }

    proptest! {
        #[test]
        fn a_known_secret_is_in_no_form_left(secret in "[ -~]{6,40}", before in "[a-z \"{:]{0,20}", after in "[a-z \"},]{0,20}") {
            let encoded = [secret.clone(), serde_json::Value::String(secret.clone()).to_string(), percent(&secret), base64(format!("{before}{secret}{after}").as_bytes())];
            for form in encoded {
                let told = redact(&format!("{before}{form}{after}\n"), &[&secret]);
                prop_assert!(is_free_of(&told, &[&secret]) || HIDDEN.contains(secret.as_str()), "{told}");
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}", secret in ".{0,20}") {
            let _ = redact(&text, &[&secret]);
        }
    }
}
