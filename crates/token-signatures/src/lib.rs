//! Checks ES256 signatures of tokens by `ring`, for everything in the process that uses `jsonwebtoken`.
//!
//! The provider that the engine's features choose takes several times as long for the curve, and whoever starts a
//! session brings a token that nobody has checked yet. Everything but that one check stays with that provider.

use std::sync::LazyLock;

use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier};
use jsonwebtoken::errors::Result;
use jsonwebtoken::signature::{Error, Verifier};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

/// Length of a point of the curve P-256 with both coordinates.
const POINT_BYTES: usize = 65;
/// The byte that such a point begins with.
const BOTH_COORDINATES: u8 = 4;

static PROVIDER: LazyLock<CryptoProvider> =
    LazyLock::new(|| CryptoProvider { verifier_factory, ..DEFAULT_PROVIDER.clone() });

/// Lets `jsonwebtoken` check signatures this way from now on. Without effect once it has signed or checked anything.
pub fn install() {
    // Whoever came first checks them as well, only not as fast.
    let _ = PROVIDER.install_default();
}

fn verifier_factory(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    if *algorithm == Algorithm::ES256 && key.family() == AlgorithmFamily::Ec {
        let point = key.try_get_as_bytes()?;
        if point.len() == POINT_BYTES && point[0] == BOTH_COORDINATES {
            return Ok(Box::new(Es256(UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point.to_vec()))));
        }
    }
    (DEFAULT_PROVIDER.verifier_factory)(algorithm, key)
}

/// Checks signatures by one key.
struct Es256(UnparsedPublicKey<Vec<u8>>);

impl Verifier<Vec<u8>> for Es256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        self.0.verify(message, signature).map_err(|_| Error::new())
    }
}

impl JwtVerifier for Es256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::crypto::JwtSigner;
    use jsonwebtoken::{EncodingKey, Validation};
    use p256::ecdsa::SigningKey;
    use p256::pkcs8::EncodePrivateKey;
    use rand::rngs::OsRng;
    use serde_json::{Value, json};

    use super::*;

    const MESSAGE: &[u8] = b"header.claims";

    struct Pair {
        secret: SigningKey,
    }

    impl Pair {
        fn generate() -> Self {
            Self { secret: SigningKey::random(&mut OsRng) }
        }

        fn private(&self) -> EncodingKey {
            EncodingKey::from_ec_der(self.secret.to_pkcs8_der().unwrap().as_bytes())
        }

        fn sign(&self, message: &[u8]) -> Vec<u8> {
            let signer: Box<dyn JwtSigner> =
                (DEFAULT_PROVIDER.signer_factory)(&Algorithm::ES256, &self.private()).unwrap();
            signer.sign(message)
        }

        fn public(&self, compressed: bool) -> DecodingKey {
            DecodingKey::from_ec_der(self.secret.verifying_key().to_encoded_point(compressed).as_bytes())
        }

        fn accepts(&self, message: &[u8], signature: &[u8], compressed: bool) -> bool {
            let verifier = verifier_factory(&Algorithm::ES256, &self.public(compressed)).unwrap();
            verifier.verify(message, &signature.to_vec()).is_ok()
        }
    }

    #[test]
    fn a_signature_holds_for_its_message_and_key_alone() {
        let (pair, other) = (Pair::generate(), Pair::generate());
        for compressed in [false, true] {
            let signature = pair.sign(MESSAGE);
            assert!(pair.accepts(MESSAGE, &signature, compressed));
            assert!(!pair.accepts(b"header.others", &signature, compressed));
            assert!(!other.accepts(MESSAGE, &signature, compressed));
        }
    }

    #[test]
    fn no_bit_of_a_signature_may_change_and_none_may_be_missing() {
        let pair = Pair::generate();
        let signature = pair.sign(MESSAGE);
        for bit in 0..signature.len() * 8 {
            let mut changed = signature.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!pair.accepts(MESSAGE, &changed, false), "bit {bit}");
        }
        for end in 0..signature.len() {
            assert!(!pair.accepts(MESSAGE, &signature[..end], false), "{end} bytes");
        }
        assert!(!pair.accepts(MESSAGE, &[0; 64], false));
    }

    #[test]
    fn a_point_that_is_not_on_the_curve_vouches_for_nothing() {
        let pair = Pair::generate();
        let mut point = pair.secret.verifying_key().to_encoded_point(false).as_bytes().to_vec();
        point[POINT_BYTES - 1] ^= 1;
        let verifier = verifier_factory(&Algorithm::ES256, &DecodingKey::from_ec_der(&point)).unwrap();
        assert!(verifier.verify(MESSAGE, &pair.sign(MESSAGE)).is_err());
    }

    #[test]
    fn a_key_of_another_kind_checks_no_such_signature() {
        let key = DecodingKey::from_secret(&[BOTH_COORDINATES; POINT_BYTES]);
        assert!(verifier_factory(&Algorithm::ES256, &key).is_err());
    }

    #[test]
    fn whole_tokens_are_checked_once_it_is_installed() {
        install();
        // The process has its provider, and takes no other: this is before anything else could have chosen one.
        assert!(DEFAULT_PROVIDER.install_default().is_err());
        let (pair, other) = (Pair::generate(), Pair::generate());
        let mut validation = Validation::new(Algorithm::ES256);
        validation.required_spec_claims.clear();
        let header = jsonwebtoken::Header::new(Algorithm::ES256);
        let token = jsonwebtoken::encode(&header, &json!({"sub": "somebody"}), &pair.private()).unwrap();
        let decoded = jsonwebtoken::decode::<Value>(&token, &pair.public(false), &validation).unwrap();
        assert_eq!(decoded.claims["sub"], "somebody");
        assert!(jsonwebtoken::decode::<Value>(&token, &other.public(false), &validation).is_err());
    }
}
