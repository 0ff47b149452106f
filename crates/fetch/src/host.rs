//! One answer of one host: the bytes of a file from some place on.

use std::io::{self, Read as _};

use arclab_spec::PublicFile;
use ureq::{
    Agent, Body,
    http::{Response, StatusCode, header},
    tls::{RootCerts, TlsConfig},
};

use crate::{FetchError, Patience, Progress, part::Part};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 16;

/// Why a host gave no file.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// It cannot be reached, or says nothing.
    #[error("cannot be reached: {0}")]
    Away(io::Error),
    /// It stopped in the middle.
    #[error("broke off: {0}")]
    Cut(io::Error),
    /// It cannot be asked so, now or later.
    #[error("cannot be asked: {0}")]
    Unfit(ureq::Error),
    /// What it sent without saying how much it is was less.
    #[error("ended after {came} of {bytes} bytes")]
    Short {
        /// Bytes that came.
        came: u64,
        /// Of the file that is listed.
        bytes: u64,
    },
    /// It has trouble, which may pass.
    #[error("answered {0}")]
    Busy(StatusCode),
    /// It does not give the file.
    #[error("answered {0}")]
    Refused(StatusCode),
    /// What it gives is another file.
    #[error("gives another file: {what}, not {bytes} bytes")]
    OtherFile {
        /// What it said of it.
        what: String,
        /// Of the file that is listed.
        bytes: u64,
    },
    /// It is of the right size and of another content.
    #[error("gives a file of the right size with another SHA-256: it is damaged, or has been changed")]
    Damaged,
}

impl HostError {
    /// Whether the same host may do better when it is asked again.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Away(_) | Self::Cut(_) | Self::Short { .. } | Self::Busy(_) => true,
            Self::Unfit(_) | Self::Refused(_) | Self::OtherFile { .. } | Self::Damaged => false,
        }
    }
}

impl From<ureq::Error> for HostError {
    fn from(error: ureq::Error) -> Self {
        let is_unfit = matches!(
            error,
            ureq::Error::BadUri(_)
                | ureq::Error::Http(_)
                | ureq::Error::InvalidProxyUrl
                | ureq::Error::RedirectFailed
                | ureq::Error::TooManyRedirects
                | ureq::Error::LargeResponseHeader(..)
        );
        if is_unfit { Self::Unfit(error) } else { Self::Away(error.into_io()) }
    }
}

/// Why nothing more came.
#[derive(Debug)]
pub(crate) enum Hindrance {
    /// The host did not give it.
    Host(HostError),
    /// It cannot be kept here.
    Here(FetchError),
}

impl From<HostError> for Hindrance {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

impl From<FetchError> for Hindrance {
    fn from(error: FetchError) -> Self {
        Self::Here(error)
    }
}

/// What asks hosts.
pub(crate) fn agent(patience: Patience) -> Agent {
    let silence = Some(patience.silence);
    let certificates = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .tls_config(certificates)
        .timeout_resolve(silence)
        .timeout_connect(silence)
        .timeout_recv_response(silence)
        .timeout_per_read(silence)
        .accept_encoding("identity")
        .user_agent(concat!("arclab/", env!("CARGO_PKG_VERSION")));
    config.build().into()
}

/// Appends to `part` what `host` gives of `file`, from where `part` ends.
pub(crate) fn ask(
    agent: &Agent,
    host: &str,
    file: &PublicFile,
    part: &mut Part,
    progress: &dyn Progress,
) -> Result<(), Hindrance> {
    let from = part.length();
    let mut request = agent.get(host);
    if from > 0 {
        request = request.header(header::RANGE, format!("bytes={from}-"));
    }
    let answer = request.call().map_err(HostError::from)?;
    let begins = beginning(&answer, file, from)?;
    let (mut body, mut chunk) =
        (answer.into_body().into_with_config().limit(u64::MAX).reader(), vec![0; CHUNK]);
    // What came earlier is kept: a host that knows no ranges sends it again, and the checksum says whether it was right.
    let mut again = from - begins;
    loop {
        progress.bytes(&file.name, part.length(), file.bytes);
        let count = body.read(&mut chunk).map_err(HostError::Cut)?;
        let new = &chunk[again.min(count as u64) as usize..count];
        again -= (count - new.len()) as u64;
        if part.length() + new.len() as u64 > file.bytes {
            part.cut(from)?;
            return Err(other("more bytes".to_owned(), file).into());
        }
        part.append(new)?;
        if count == 0 {
            return ended(part, from, file);
        }
    }
}

/// Where a body that ended without an error leaves `part`, which had `from` bytes before.
fn ended(part: &mut Part, from: u64, file: &PublicFile) -> Result<(), Hindrance> {
    let came = part.length();
    if came < file.bytes {
        // Nobody said how much it would be: it may have been cut, or be something else, such as a page of a proxy.
        part.cut(from)?;
        return Err(HostError::Short { came, bytes: file.bytes }.into());
    }
    Ok(())
}

/// At which byte of the file an answer begins: at `from`, as it was asked for, or at the first.
fn beginning(answer: &Response<Body>, file: &PublicFile, from: u64) -> Result<u64, HostError> {
    let status = answer.status();
    let said = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let begins = match status {
        StatusCode::PARTIAL_CONTENT => {
            let range = said(header::CONTENT_RANGE).and_then(|range| range.strip_prefix("bytes "));
            let begins = range.and_then(|range| range.split('-').next()?.parse().ok());
            begins
                .filter(|begins| *begins == from)
                .ok_or_else(|| other("a part that was not asked for".to_owned(), file))?
        }
        StatusCode::OK => 0,
        // The file there ends before what is here does.
        StatusCode::RANGE_NOT_SATISFIABLE => return Err(other(format!("at most {from} bytes"), file)),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => return Err(HostError::Busy(status)),
        _ if status.is_server_error() => return Err(HostError::Busy(status)),
        _ => return Err(HostError::Refused(status)),
    };
    let kind = said(header::CONTENT_TYPE).unwrap_or_default();
    let length = said(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    match length.map(|length| begins.saturating_add(length)) {
        Some(length) if length != file.bytes => Err(other(format!("{length} bytes {kind}"), file)),
        // A proxy's, or that of a host on which the file was once.
        None if kind.starts_with("text/html") => Err(other("a page".to_owned(), file)),
        _ => Ok(begins),
    }
}

fn other(what: String, file: &PublicFile) -> HostError {
    HostError::OtherFile { what, bytes: file.bytes }
}
