//! One answer of one host: the bytes of a file from some place on.

use std::io::Read as _;

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
    /// It cannot be reached, or stopped in the middle.
    #[error("broke off: {0}")]
    Cut(String),
    /// It sent fewer bytes than there are.
    #[error("ended after {came} of {bytes} bytes")]
    Short {
        /// Bytes that are there.
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
            Self::Cut(_) | Self::Short { .. } | Self::Busy(_) => true,
            Self::Refused(_) | Self::OtherFile { .. } | Self::Damaged => false,
        }
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
) -> Result<Result<(), HostError>, FetchError> {
    let from = part.length();
    let mut request = agent.get(host);
    if from > 0 {
        request = request.header(header::RANGE, format!("bytes={from}-"));
    }
    let answer = match request.call() {
        Ok(answer) => answer,
        Err(error) => return Ok(Err(HostError::Cut(error.to_string()))),
    };
    match judged(&answer, file, from) {
        Ok(Start::Here) => (),
        Ok(Start::Anew) => part.clear()?,
        Err(why) => return Ok(Err(why)),
    }
    receive(answer, file, part, progress)
}

/// Where what a host sends begins.
#[derive(Debug, PartialEq, Eq)]
enum Start {
    Here,
    /// It knows no ranges, or gives another one than it was asked for.
    Anew,
}

fn judged(answer: &Response<Body>, file: &PublicFile, from: u64) -> Result<Start, HostError> {
    let status = answer.status();
    let said = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let start = match status {
        StatusCode::PARTIAL_CONTENT => {
            let begins = said(header::CONTENT_RANGE).and_then(|range| range.strip_prefix("bytes "));
            let begins = begins.and_then(|range| range.split('-').next()?.parse().ok());
            if begins != Some(from) {
                return Err(HostError::OtherFile {
                    what: "a part that was not asked for".to_owned(),
                    bytes: file.bytes,
                });
            }
            Start::Here
        }
        StatusCode::OK => Start::Anew,
        // The file there ends before what is here does.
        StatusCode::RANGE_NOT_SATISFIABLE => {
            return Err(HostError::OtherFile { what: format!("at most {from} bytes"), bytes: file.bytes });
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => return Err(HostError::Busy(status)),
        _ if status.is_server_error() => return Err(HostError::Busy(status)),
        _ => return Err(HostError::Refused(status)),
    };
    let before = if start == Start::Here { from } else { 0 };
    match said(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok()) {
        Some(length) if before + length != file.bytes => {
            let kind = said(header::CONTENT_TYPE).map_or_else(String::new, |kind| format!(" of {kind}"));
            Err(HostError::OtherFile { what: format!("{} bytes{kind}", before + length), bytes: file.bytes })
        }
        _ => Ok(start),
    }
}

fn receive(
    answer: Response<Body>,
    file: &PublicFile,
    part: &mut Part,
    progress: &dyn Progress,
) -> Result<Result<(), HostError>, FetchError> {
    let mut body = answer.into_body().into_with_config().limit(u64::MAX).reader();
    let mut chunk = vec![0; CHUNK];
    loop {
        progress.bytes(&file.name, part.length(), file.bytes);
        let count = match body.read(&mut chunk) {
            Ok(0) if part.length() == file.bytes => return Ok(Ok(())),
            Ok(0) => return Ok(Err(HostError::Short { came: part.length(), bytes: file.bytes })),
            Ok(count) => count,
            Err(error) => return Ok(Err(HostError::Cut(error.to_string()))),
        };
        if part.length() + count as u64 > file.bytes {
            part.clear()?;
            return Ok(Err(HostError::OtherFile { what: "more bytes".to_owned(), bytes: file.bytes }));
        }
        part.append(&chunk[..count])?;
    }
}
