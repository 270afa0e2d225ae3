//! Signatures as Standard Webhooks has them: over the id, the time of the attempt and the exact bytes of the body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// The key of a `whsec_..` secret.
pub(super) struct Key(hmac::Key);

impl Key {
    /// Reads `whsec_` and 24 to 64 bytes in base64.
    pub(super) fn parse(secret: &str) -> Option<Self> {
        let bytes = STANDARD.decode(secret.trim().strip_prefix("whsec_")?).ok()?;
        (24..=64).contains(&bytes.len()).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The value of `webhook-signature`.
    pub(super) fn sign(&self, id: &str, seconds: i64, body: &str) -> String {
        let tag = hmac::sign(&self.0, format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    /// The example of the specification.
    #[test]
    fn a_signature_is_the_one_everybody_makes() {
        let key = Key::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_key_is_long_enough_and_in_base64() {
        for bad in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_!!!"] {
            assert!(Key::parse(bad).is_none(), "{bad}");
        }
    }
}
