//! Reads the name out of a TLS ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3), which may be split over several records.

/// More than this is no honest greeting.
const MOST: usize = 64 << 10;
const SERVER_NAME: u16 = 0;
/// Encrypted Client Hello (RFC 9849): the visible name is not the one that is asked for.
const ENCRYPTED_HELLO: u16 = 0xfe0d;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Not whole yet.
    More,
    Hello {
        name: Option<String>,
        encrypted: bool,
    },
    /// No TLS, or a malformed greeting.
    Other,
}

/// What the bytes so far are.
pub fn look(bytes: &[u8]) -> Look {
    let mut message = Vec::new();
    let mut rest = bytes;
    loop {
        if let Some(length) = message.get(1..4).map(|length: &[u8]| (usize::from(length[0]) << 16) | (usize::from(length[1]) << 8) | usize::from(length[2])) {
            if message[0] != 1 || length > MOST {
                return Look::Other;
            }
            if let Some(body) = message.get(4..4 + length) {
                return read(body).unwrap_or(Look::Other);
            }
        }
        if bytes.len() > MOST || rest.first().is_some_and(|&kind| kind != 22) || rest.get(1).is_some_and(|&major| major != 3) {
            return Look::Other;
        }
        let Some(head) = rest.get(..5) else { return Look::More };
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        if length == 0 || length > (16 << 10) + 256 {
            return Look::Other;
        }
        let Some(record) = rest.get(5..5 + length) else { return Look::More };
        message.extend_from_slice(record);
        rest = &rest[5 + length..];
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().fold(0, |value, &byte| (value << 8) | usize::from(byte)))
    }

    /// A field with its length before it.
    fn field(&mut self, length_bytes: usize) -> Option<&'a [u8]> {
        let length = self.number(length_bytes)?;
        self.take(length)
    }
}

fn read(body: &[u8]) -> Option<Look> {
    let mut reader = Reader(body);
    reader.take(2 + 32)?; // version, random
    reader.field(1)?; // session
    reader.field(2)?; // ciphers
    reader.field(1)?; // compression
    let (mut name, mut encrypted) = (None, false);
    if !reader.0.is_empty() {
        let mut extensions = Reader(reader.field(2)?);
        while !extensions.0.is_empty() {
            let kind = extensions.number(2)?;
            let value = extensions.field(2)?;
            if kind == usize::from(ENCRYPTED_HELLO) {
                encrypted = true;
            }
            if kind == usize::from(SERVER_NAME) {
                let mut list = Reader(Reader(value).field(2)?);
                let host_name = list.number(1)? == 0;
                let text = std::str::from_utf8(list.field(2)?).ok()?;
                // One name of one kind, once: anything else is read in two ways by two readers.
                if !host_name || !list.0.is_empty() || name.is_some() {
                    return None;
                }
                name = Some(text.to_owned());
            }
        }
    }
    Some(Look::Hello { name, encrypted })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use rustls::pki_types::ServerName;

    use super::*;

    fn greeting(name: &'static str) -> Vec<u8> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let config = config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
        let mut client = rustls::ClientConnection::new(Arc::new(config), ServerName::try_from(name).expect("a name")).expect("a client");
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).expect("writes");
        bytes
    }

    #[test]
    fn the_name_is_read_however_the_greeting_is_split() {
        let bytes = greeting("gateway.discord.gg");
        let wanted = Look::Hello { name: Some("gateway.discord.gg".to_owned()), encrypted: false };
        assert_eq!(look(&bytes), wanted);
        for end in 0..bytes.len() {
            assert_eq!(look(&bytes[..end]), Look::More, "{end}");
        }
        // Two records for one message.
        let (one, other) = bytes[5..].split_at(40);
        let mut split = Vec::new();
        for part in [one, other] {
            split.extend_from_slice(&[22, 3, 1]);
            split.extend_from_slice(&u16::try_from(part.len()).expect("small").to_be_bytes());
            split.extend_from_slice(part);
        }
        assert_eq!(look(&split), wanted);
    }

    #[test]
    fn what_is_no_tls_is_seen_at_its_first_byte() {
        for bytes in [&b"GET / HTTP/1.1\r\n"[..], b"SSH-2.0", &[22, 4], &[22, 3, 1, 0, 0], &[22, 3, 1, 0, 4, 2, 0, 0, 0]] {
            assert_eq!(look(bytes), Look::Other, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), flips in proptest::collection::vec((0usize..200, any::<u8>()), 0..6)) {
            let _ = look(&bytes);
            let mut altered = greeting("a.example");
            for (at, byte) in flips {
                if let Some(slot) = altered.get_mut(at) {
                    *slot = byte;
                }
            }
            let _ = look(&altered);
        }
    }
}
