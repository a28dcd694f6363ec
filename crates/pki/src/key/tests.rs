use std::sync::LazyLock;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_FIXED,
    ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_FIXED, Ed25519KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};

use x509_parser::{prelude::FromDer, x509::SubjectPublicKeyInfo};

use super::*;

/// What precedes the PKCS #1 form in the PKCS #8 form of RSA keys of 2048 bits and more.
const PKCS8_HEADER_BYTES: usize = 26;

/// A kind of keys: what its keys are called, one of it in each form, and how its signatures are verified, those of
/// certificates and those of tokens.
struct Kind {
    name: &'static str,
    forms: Vec<String>,
    verification: [&'static dyn VerificationAlgorithm; 2],
}

fn elliptic(curve: &'static Curve, verification: [&'static dyn VerificationAlgorithm; 2]) -> Kind {
    let pair = EcdsaKeyPair::generate(curve.asn1).unwrap();
    let sec1 = pair.private_key().as_der().unwrap();
    let forms = vec![
        pem::encode(pem::PRIVATE_KEY, pair.to_pkcs8v1().unwrap().as_ref()),
        // As `openssl ecparam -genkey` writes it: the curve stands before the key.
        pem::encode("EC PARAMETERS", &[6, 0]) + &pem::encode(pem::EC_PRIVATE_KEY, sec1.as_ref()),
    ];
    Kind { name: curve.name, forms, verification }
}

fn rsa(name: &'static str, size: rsa::KeySize) -> Kind {
    let pkcs8: Pkcs8V1Der<'_> = rsa::KeyPair::generate(size).unwrap().as_der().unwrap();
    let pkcs8 = pkcs8.as_ref();
    let forms =
        vec![pem::encode(pem::PRIVATE_KEY, pkcs8), pem::encode(pem::RSA_PRIVATE_KEY, &pkcs8[PKCS8_HEADER_BYTES..])];
    Kind { name, forms, verification: [&RSA_PKCS1_2048_8192_SHA256, &RSA_PKCS1_2048_8192_SHA256] }
}

/// Made once: RSA keys take a while.
static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let [p256, p384, p521] = &CURVES;
    vec![
        elliptic(p256, [&ECDSA_P256_SHA256_ASN1, &ECDSA_P256_SHA256_FIXED]),
        elliptic(p384, [&ECDSA_P384_SHA384_ASN1, &ECDSA_P384_SHA384_FIXED]),
        elliptic(p521, [&ECDSA_P521_SHA512_ASN1, &ECDSA_P521_SHA512_FIXED]),
        rsa("RSA-2048", rsa::KeySize::Rsa2048),
        rsa("RSA-3072", rsa::KeySize::Rsa3072),
    ]
});

/// A key of each kind.
pub(crate) fn keys_of_each_kind() -> Vec<PrivateKey> {
    KINDS.iter().map(|kind| PrivateKey::from_pem(&kind.forms[0]).unwrap()).collect()
}

#[test]
fn keys_of_each_kind_and_form_round_trip_and_sign() {
    for kind in KINDS.iter() {
        let key = PrivateKey::from_pem(&kind.forms[0]).unwrap();
        assert_eq!(format!("{key:?}"), format!("PrivateKey({})", kind.name));
        let (_, info) = SubjectPublicKeyInfo::from_der(key.public_key_info()).unwrap();
        assert_eq!(info.subject_public_key.data, key.public_key());
        for form in kind.forms.iter().chain([&key.to_pem()]) {
            let again = PrivateKey::from_pem(form).unwrap();
            assert_eq!(again.public_key_info(), key.public_key_info(), "{}", kind.name);
            assert_eq!(again.to_pem(), key.to_pem(), "{}", kind.name);
            let signatures = [again.sign(b"message").unwrap(), again.sign_token(b"message").unwrap()];
            for (algorithm, signature) in kind.verification.into_iter().zip(signatures) {
                let public = UnparsedPublicKey::new(algorithm, key.public_key());
                public.verify(b"message", &signature).unwrap_or_else(|_| panic!("{}: {form}", kind.name));
                assert!(public.verify(b"another", &signature).is_err(), "{}", kind.name);
            }
        }
    }
}

#[test]
fn own_keys_are_of_one_kind() {
    assert_eq!(format!("{:?}", PrivateKey::generate().unwrap()), "PrivateKey(P-256)");
}

#[test]
fn keys_of_other_kinds_are_refused_by_the_names_of_those_that_are_read() {
    let small = include_str!("../../testdata/rsa-1024.pem");
    let edwards = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let edwards = pem::encode(pem::PRIVATE_KEY, edwards.as_ref());
    let mislabelled = small.replace("RSA PRIVATE", "EC PRIVATE");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sa.key");
    for (text, why) in [
        (small, "TooSmall"),
        (&edwards, "this one is none"),
        (&mislabelled, "this one is none"),
        ("nothing", "there is none in this PEM text"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "there is none"),
    ] {
        std::fs::write(&file, text).unwrap();
        let said = PrivateKey::load(&file).unwrap_err().to_string();
        let kinds = "RSA of 2048 to 8192 bits and ECDSA on P-256, P-384 or P-521 are read";
        assert!(said.starts_with(&format!("private key {}: {kinds}", file.display())), "{said}");
        assert!(said.contains(why), "{said}");
    }
}
