//! What a later version of a charm does otherwise than the one that is played, as a value.

use trustsim_juju::HookName;

/// What a later version of a charm does otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// What the charm's own code is registered to do otherwise, to follow "a version that".
    Implementation(&'static str),
    /// It leaves a chain in its order.
    KeepsChainOrder,
    /// It puts the certificate before its chain.
    PutsCertificateFirst,
    /// It installs every certificate that it is given.
    InstallsEveryCertificate,
    /// It writes its files again when its container starts.
    RestoresCertificates,
    /// It restarts its workload for a new certificate.
    RestartsForCertificate,
    /// It writes a new key together with its certificate.
    WritesKeyWithCertificate,
    /// It keeps the key that it asked with.
    KeepsKeyOfRequest,
    /// It asks with another request each time.
    SendsNewRequests,
    /// It asks again when a certificate ends or has ended.
    RenewsOnExpiry,
    /// It restarts its workload for a new CA.
    RestartsForCa,
    /// It takes each CA that comes with its certificate.
    TakesEachCa,
    /// It takes CAs from the library's event.
    ReadsCaFromEvent,
    /// It keeps each CA in a file of its own.
    KeepsEachCa,
    /// It writes CAs again when its container starts.
    RestoresCas,
    /// It speaks version 1 of `certificate_transfer`.
    SpeaksTransferVersion1,
    /// It writes for both versions of `certificate_transfer`.
    WritesBothTransferVersions,
    /// It reads the requests of applications too.
    ReadsApplicationRequests,
    /// It keeps one key for its application.
    KeepsOneKey,
    /// It gives chains that begin with the certificate.
    SendsLeafFirst,
    /// It does not raise in relation-broken.
    HandlesRelationBroken,
    /// It waits for its name before it asks.
    WaitsForName,
    /// It forgets with the relation what came over it.
    ForgetsWithRelation,
    /// It loads on every unit what the leader shares.
    LoadsSharedOnEveryUnit,
    /// It makes a root of its own where no CA above it is related.
    MakesOwnRoot,
    /// It tells a requirer that its request was refused.
    TellsRefusals,
    /// It signs for half of its CA's life.
    SignsForHalfOfCa,
    /// It makes its own certificate anew for other names.
    RenewsOwnCertificate,
    /// Asks for its name as an alternative name, not as the common name alone.
    AsksForAlternativeNames,
    /// It asks anew for the address that a machine comes back with.
    AsksForNewAddress,
    /// It issues anew for a unit that asks for other names.
    IssuesForNewNames,
    /// It asks for the address of each pod too.
    AsksForBindAddressToo,
    /// It asks for the address of its load balancer too.
    AsksForItsAddressToo,
    /// It restarts its workload where a reload fails.
    RestartsWhereReloadFails,
    /// It gives its other process the CA of its certificates.
    GivesProcessItsCa,
    /// It gives its other process each CA that comes.
    RenewsCaOfProcess,
    /// It writes the CA to root's kubeconfig before it asks with it.
    WritesKubeconfigFirst,
    /// It hands its clients the CA of its certificates.
    PassesItsCaOn,
    /// It hands the CA to those who are related later, too.
    PassesCaToEachRelation,
    /// It does not fail in this hook; in none where there is no name.
    DoesNotFail(Option<HookName>),
}
