//! Random secrets, and the hashes by which others are remembered.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use rand::RngCore;
use rand::rngs::OsRng;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// 256 bits, so that nobody guesses them.
const SECRET_BYTES: usize = 32;

/// A fresh secret of 43 characters that can stand in URLs, headers and cookies.
pub fn fresh() -> SecretString {
    let mut bytes = [0; SECRET_BYTES];
    OsRng.fill_bytes(&mut bytes);
    SecretString::from(URL_SAFE_NO_PAD.encode(bytes))
}

/// Whether a text looks like a secret of at least that strength.
pub fn is_strong(text: &str) -> bool {
    let shortest = SECRET_BYTES.div_ceil(3) * 4 - 1;
    (shortest..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// SHA-256 in 64 lower-case hexadecimal digits, as the game module keeps secrets.
pub fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Another secret that only a holder of this one can make; `purpose` keeps several apart.
pub fn derived(secret: &str, purpose: &str) -> String {
    URL_SAFE_NO_PAD.encode(hmac_sha256(secret.as_bytes(), purpose.as_bytes()))
}

/// HMAC-SHA256. Keys may have any length.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    keyed_hash(key, message).finalize().into_bytes().into()
}

/// HMAC-SHA256 that is still to be compared with another one, which it does in constant time.
#[expect(clippy::expect_used, reason = "HMAC hashes keys that are too long, so its constructor refuses none")]
pub fn keyed_hash(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::new_from_slice(key).expect("a key of any length");
    mac.update(message);
    mac
}

/// The bytes in lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest that a PKCE challenge (S256) stands for, in the module's form. `None` if it is no such challenge.
pub fn challenge_digest(code_challenge: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(code_challenge).ok()?;
    (bytes.len() == SECRET_BYTES).then(|| hex(&bytes))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn fresh_secrets_are_strong_and_never_the_same() {
        let (first, second) = (fresh(), fresh());
        assert!(is_strong(first.expose_secret()));
        assert_ne!(first.expose_secret(), second.expose_secret());
        for weak in ["", "short", &"a".repeat(42), &"a".repeat(129), &"ä".repeat(43), &" ".repeat(43)] {
            assert!(!is_strong(weak), "{weak:?}");
        }
    }

    #[test]
    fn a_challenge_is_the_digest_of_its_verifier() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(challenge_digest(challenge), Some(digest(verifier)));
        assert_eq!(challenge_digest("E9Melhoa"), None);
        assert_eq!(challenge_digest("not base64!"), None);
    }

    #[test]
    fn hmac_is_the_standard_one() {
        // RFC 4231, test case 2.
        let mac = hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?"));
        assert_eq!(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
