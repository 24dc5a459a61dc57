//! Whether a member is who it should be.

use std::sync::Arc;

use octavia_amphora_api::config::PoolTls;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::certificates;

/// As upstream has it: without authorities anybody is believed; with them the chain must lead to
/// one, and the name must fit if one was asked for.
#[derive(Debug)]
pub(super) struct MemberVerifier {
    trusted: Option<Trusted>,
    algorithms: WebPkiSupportedAlgorithms,
}

#[derive(Debug)]
struct Trusted {
    chain: Arc<WebPkiServerVerifier>,
    /// A certificate that signed itself is its own authority.
    certificates: Vec<CertificateDer<'static>>,
}

impl MemberVerifier {
    pub(super) fn new(wanted: &PoolTls, provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        let trusted = match &wanted.authorities {
            None => None,
            Some(authorities) => Some(trusted(authorities, wanted, provider)?),
        };
        Ok(Self {
            trusted,
            algorithms: provider.signature_verification_algorithms,
        })
    }
}

fn trusted(
    authorities: &str,
    wanted: &PoolTls,
    provider: &Arc<CryptoProvider>,
) -> Result<Trusted, String> {
    let roots = certificates::authorities(authorities)?;
    let mut chain = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider));
    if let Some(revocations) = &wanted.revocations {
        chain = chain
            .with_crls(certificates::revocations(revocations)?)
            .enforce_revocation_expiration();
    }
    let chain = chain.build();
    Ok(Trusted {
        chain: chain.map_err(|error| format!("the authorities cannot be used: {error}"))?,
        certificates: certificates::certificates(authorities)?,
    })
}

impl Trusted {
    fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let verified = self
            .chain
            .verify_server_cert(certificate, intermediates, name, &[], now);
        match verified {
            Ok(_) => Ok(()),
            // The name is looked at last, and here nobody asked for one.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if matches!(name, ServerName::IpAddress(_)) => Ok(()),
            Err(error) => {
                let is_trusted = self.certificates.iter().any(|known| known == certificate);
                if is_trusted && is_valid_at(certificate, now) {
                    Ok(())
                } else {
                    Err(error)
                }
            }
        }
    }
}

fn is_valid_at(certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return false;
    };
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = certificate.validity();
    validity.not_before.timestamp() <= now && now <= validity.not_after.timestamp()
}

impl ServerCertVerifier for MemberVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(trusted) = &self.trusted {
            trusted.verify(certificate, intermediates, name, now)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
