//! The faults of the TLS side, as written.

use trustsim_charms::DeclaredDuration;
use trustsim_yaml::{Spanned, record};

use super::Text;

record! {
    /// What is done to what a unit presents, and for how long. A charm that writes the file again
    /// puts it right earlier.
    pub struct TamperFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// The endpoint over which the certificate came; every one without it.
        endpoint: Text = "endpoint",
        #[schemars(required, extend("enum" = [
            "leaf-only", "reversed", "root-first", "wrong-key", "client-certificate", "wrong-name",
            "common-name-only", "expired", "not-yet-valid", "self-signed", "bad-signature",
            "garbage", null
        ]))]
        /// What is presented instead: the certificate without its issuers (`leaf-only`), with the
        /// issuers in another order (`reversed`) or the whole file turned round (`root-first`),
        /// with another key (`wrong-key`), one of the same CA for clients only
        /// (`client-certificate`), for another name (`wrong-name`), without alternative names
        /// (`common-name-only`), `expired` or `not-yet-valid` by a day, a `self-signed` one, one
        /// whose signature is damaged (`bad-signature`), or no certificate (`garbage`).
        how: Text = "how" [Required],
        /// How long until it is put right; without it, nobody does.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

record! {
    /// What comes into whose trust store, and for how long: exactly one of `ca`, `unrelated`,
    /// `namesakes-of` and `garbage`.
    pub struct TrustFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// A client's name.
        client: Text = "client",
        /// The present CA of this application, `model.app`.
        ca: Text = "ca",
        /// This many roots that nobody uses.
        unrelated: Spanned<u32> = "unrelated",
        /// Roots with the name of the present CA of this application and other keys, before what
        /// was there.
        namesakes_of: Text = "namesakes-of",
        /// How many of those (1).
        count: Spanned<u32> = "count",
        /// A damaged block at the end of every file of the store.
        garbage: Spanned<bool> = "garbage",
        /// How long until it is taken out again; without it, it stays.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

record! {
    /// Whose trust store has which CA on its block list, and for how long. Nothing that a charm
    /// writes brings it back meanwhile.
    pub struct DistrustFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// A client's name.
        client: Text = "client",
        /// The application whose CA certificates, present and past, are distrusted.
        #[schemars(required)]
        ca: Text = "ca" [Required],
        /// How long until it is trusted again; without it, never.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

record! {
    /// Which units answer without TLS, and for how long.
    pub struct AnswersFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// How long until they speak TLS again; without it, they do not.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

record! {
    /// Which authority publishes revocation lists, for connections with `revocation: true`.
    pub struct PublishCrlFile {
        /// The application of the CA, `model.app`.
        #[schemars(required)]
        ca: Text = "ca" [Required],
        /// Whose certificates are revoked, all they have been given so far: `model.app`, or
        /// `model.app/0`.
        revokes: Vec<Text> = "revokes",
        /// How long a list is valid (7d).
        valid: Spanned<DeclaredDuration> = "valid",
        /// How often there is a new one; without it, there is one only.
        every: Spanned<DeclaredDuration> = "every",
        /// How long there are new ones; without it, for good.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

record! {
    /// Whose key somebody has from then on.
    pub struct CompromiseFile {
        /// The application of the CA, `model.app`.
        #[schemars(required)]
        ca: Text = "ca" [Required],
    }
}
