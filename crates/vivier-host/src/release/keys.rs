//! Keys that releases are signed with: ECDSA on P-256 in PEM files, as `openssl` and `cosign` read and write them.
//!
//! Whoever builds releases holds the private key; a host that starts them needs the public one alone.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::layout::{Layout, make_private};

/// What a SubjectPublicKeyInfo on P-256 begins with (RFC 5480); an uncompressed point of 65 bytes follows.
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const POINT_BYTES: usize = 65;
/// The largest file that is read as a key.
const MOST_BYTES: u64 = 16 * 1024;
const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// Where the operator's keys lie.
#[derive(Clone, Debug)]
pub struct KeyFiles {
    pub signing: PathBuf,
    pub trusted: Vec<PathBuf>,
}

impl KeyFiles {
    pub fn of(config: &Config, layout: &Layout) -> Self {
        let trusted = if config.release_keys.is_empty() { vec![layout.release_public_key()] } else { config.release_keys.clone() };
        Self { signing: config.release_signing_key.clone().unwrap_or_else(|| layout.release_key()), trusted }
    }

    /// The public keys that releases are checked against.
    ///
    /// # Errors
    /// In words for the operator: one is missing, is no key, or can be written by somebody else.
    pub fn trusted(&self) -> anyhow::Result<Vec<PublicKey>> {
        self.trusted.iter().map(|path| PublicKey::read(path)).collect()
    }

    /// The private key. Where there is none yet, one is made, with the public one beside it.
    ///
    /// # Errors
    /// When it cannot be read or made, or when others can read it.
    pub fn signing(&self) -> anyhow::Result<SigningKey> {
        let key = if self.signing.try_exists().with_context(|| format!("cannot look at {}", self.signing.display()))? {
            SigningKey::read(&self.signing)?
        } else {
            SigningKey::make(&self.signing)?
        };
        // An installation that trusts what it builds, unless it was told whom to trust.
        if let [only] = self.trusted.as_slice()
            && *only == beside(&self.signing)
            && !only.exists()
        {
            write_new(only, key.public().pem().as_bytes(), 0o644)?;
        }
        Ok(key)
    }
}

/// `release.pub` for `release.key`.
pub fn beside(private: &Path) -> PathBuf {
    private.with_extension("pub")
}

/// The operator's private key.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// Makes a key pair: `path` for its owner alone, and `….pub` beside it. Never replaces one that is there.
    ///
    /// # Errors
    /// When a file is there already or cannot be written.
    pub fn make(path: &Path) -> anyhow::Result<Self> {
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            make_private(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_unspecified| anyhow::anyhow!("no key could be made"))?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_unspecified| anyhow::anyhow!("the new key could not be written down"))?;
        let made = Self::of(pair)?;
        write_new(path, Zeroizing::new(armour(PRIVATE, pkcs8.as_ref())).as_bytes(), 0o600)?;
        write_new(&beside(path), made.public.pem().as_bytes(), 0o644)?;
        Ok(made)
    }

    /// # Errors
    /// When it cannot be read, is no PKCS#8 key on P-256, or when others can read it.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = read_guarded(path, 0o077)?;
        let bytes = Zeroizing::new(unarmour(PRIVATE, &text).with_context(|| format!("{} holds no key in PEM (PKCS#8)", path.display()))?);
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &bytes)
            .map_err(|rejected| anyhow::anyhow!("{} is no ECDSA key on P-256: {rejected}; make one with `vivierd release key`", path.display()))?;
        Self::of(pair)
    }

    fn of(pair: EcdsaKeyPair) -> anyhow::Result<Self> {
        let public = pair.public_key().as_der().map_err(|_unspecified| anyhow::anyhow!("the key has no public half"))?;
        let public = PublicKey::of_der(public.as_ref()).context("the key is not on P-256")?;
        Ok(Self { pair, public })
    }

    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs the SHA-256 of `message`; the signature is in ASN.1, as `openssl dgst -sha256 -sign` makes it.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn sign(&self, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let signature = self.pair.sign(&random, message).map_err(|_unspecified| anyhow::anyhow!("signing failed"))?;
        Ok(signature.as_ref().to_vec())
    }
}

/// A key that signatures are checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    der: Vec<u8>,
}

impl PublicKey {
    /// # Errors
    /// When it cannot be read, is no public key on P-256, or when it or its directory can be written by others.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = read_guarded(path, 0o022)?;
        let der = unarmour(PUBLIC, &text).with_context(|| format!("{} holds no public key in PEM", path.display()))?;
        Self::of_der(&der).with_context(|| format!("{} is no public key on P-256; make a pair with `vivierd release key`", path.display()))
    }

    fn of_der(der: &[u8]) -> anyhow::Result<Self> {
        let point = der.strip_prefix(&P256_PREFIX).filter(|point| point.len() == POINT_BYTES && point[0] == 4);
        anyhow::ensure!(point.is_some(), "another kind of key");
        Ok(Self { der: der.to_vec() })
    }

    /// The key's name: `sha256:` of its DER, as `openssl pkey -pubin -outform DER | sha256sum` says it.
    pub fn id(&self) -> String {
        format!("sha256:{}", hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.der)))
    }

    pub fn pem(&self) -> String {
        armour(PUBLIC, &self.der)
    }

    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.der[P256_PREFIX.len()..]).verify(message, signature).is_ok()
    }
}

/// Reads a file that nobody else may have had a hand in: none of the bits `forbidden`, and a directory that only its owner writes.
fn read_guarded(path: &Path, forbidden: u32) -> anyhow::Result<String> {
    let look = |path: &Path| std::fs::metadata(path).with_context(|| format!("cannot look at {}", path.display()));
    let found = look(path)?;
    anyhow::ensure!(found.is_file() && found.len() <= MOST_BYTES, "{} is no key file", path.display());
    let me = nix::unistd::geteuid().as_raw();
    let folder = path.canonicalize().with_context(|| format!("cannot resolve {}", path.display()))?;
    let folder = folder.parent().unwrap_or(Path::new("/"));
    for (what, meta, bits) in [(path, &found, forbidden), (folder, &look(folder)?, 0o022)] {
        anyhow::ensure!(
            meta.mode() & bits == 0,
            "{} is open to others (mode {:o}); close it with `chmod go-{} {0}`",
            what.display(),
            meta.mode() & 0o7777,
            if bits == 0o077 { "rwx" } else { "w" }
        );
        anyhow::ensure!(
            meta.uid() == 0 || meta.uid() == me,
            "{} belongs to user {}, who could change it; give it to root with `chown root {0}`",
            what.display(),
            meta.uid()
        );
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes a file whole and never over another.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let fresh = path.with_extension(format!("new-{}", std::process::id()));
    let written = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&fresh).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let linked = written.and_then(|()| std::fs::hard_link(&fresh, path));
    crate::layout::remove(&fresh).with_context(|| format!("cannot remove {}", fresh.display()))?;
    linked.with_context(|| format!("cannot write {}; a key that is there is never replaced", path.display()))
}

fn armour(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        out.extend(line.iter().map(|byte| char::from(*byte)));
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

fn unarmour(label: &str, text: &str) -> anyhow::Result<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----")).with_context(|| format!("there is no `BEGIN {label}`"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----")).with_context(|| format!("there is no `END {label}`"))?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).context("it is not base64")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn chmod(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("chmod");
    }

    #[test]
    fn a_key_that_was_made_is_read_again_signs_and_is_never_replaced() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("release.key");
        let made = SigningKey::make(&path).expect("made");
        let read = SigningKey::read(&path).expect("read");
        let public = PublicKey::read(&beside(&path)).expect("read");
        assert_eq!((read.public(), made.public()), (&public, &public));
        let signature = read.sign(b"what was said").expect("signed");
        assert!(public.has_signed(b"what was said", &signature) && !public.has_signed(b"what was not", &signature));
        assert!(SigningKey::make(&path).is_err_and(|error| format!("{error:#}").contains("never replaced")));
        assert_eq!(std::fs::read_dir(folder.path()).expect("reads").count(), 2, "nothing else is left");
    }

    #[test]
    fn a_key_that_others_can_read_or_write_is_refused_with_the_command_that_mends_it() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("release.key");
        SigningKey::make(&path).expect("made");
        chmod(&path, 0o640);
        assert!(SigningKey::read(&path).err().is_some_and(|error| error.to_string().contains("chmod go-rwx")));
        chmod(&beside(&path), 0o664);
        assert!(PublicKey::read(&beside(&path)).is_err_and(|error| error.to_string().contains("chmod go-w")));
        chmod(&beside(&path), 0o644);
        chmod(folder.path(), 0o777);
        assert!(PublicKey::read(&beside(&path)).is_err_and(|error| error.to_string().contains("open to others")));
    }

    #[test]
    fn openssl_reads_our_keys_and_believes_our_signatures_and_we_read_its() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let openssl = |arguments: &[&str]| {
            let output = std::process::Command::new("openssl").args(arguments).output().expect("openssl runs");
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        };
        let ours = SigningKey::make(&folder.path().join("ours.key")).expect("made");
        std::fs::write(path("text"), "what was said").expect("writes");
        std::fs::write(path("signature"), ours.sign(b"what was said").expect("signed")).expect("writes");
        openssl(&["dgst", "-sha256", "-verify", &path("ours.pub"), "-signature", &path("signature"), &path("text")]);
        openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &path("theirs.key")]);
        openssl(&["pkey", "-in", &path("theirs.key"), "-pubout", "-out", &path("theirs.pub")]);
        chmod(Path::new(&path("theirs.key")), 0o600);
        let theirs = SigningKey::read(Path::new(&path("theirs.key"))).expect("read");
        assert_eq!(*theirs.public(), PublicKey::read(Path::new(&path("theirs.pub"))).expect("read"));
    }
}
