//! A host of one file that misbehaves as it is told.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// What a host does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// All that it was asked for.
    Whole,
    /// So many bytes of it, and then it closes.
    CutAfter(usize),
    /// So many bytes of it, and then nothing for longer than anybody waits.
    StallAfter(usize),
    /// All, whatever range was asked for.
    WithoutRanges,
    /// All that it was asked for, with one bit turned.
    Damaged,
    /// Nothing but this.
    Status(u16),
    /// It says that the file has moved, to where it is asked next.
    Moved,
    /// The first so many bytes, whatever range was asked for, of all that it says to come.
    WithoutRangesCutAfter(usize),
    /// The word of so many bytes, and none.
    Promise(u64),
    /// Its first bytes, without a word of how many come.
    ShortWithoutLength,
    /// A page in its place.
    Page,
    /// The same, without a word of its length.
    PageInChunks,
    /// More bytes than the file has, and no word of how many.
    Endless,
}

/// A host on this machine. It answers as often as it has answers, and is not there afterwards.
pub(crate) struct Host {
    port: u16,
    asked: Arc<Mutex<Vec<Option<u64>>>>,
}

impl Host {
    pub(crate) fn new(content: &[u8], answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has a port").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (content, answers, heard) = (content.to_vec(), answers.to_vec(), asked.clone());
        thread::spawn(move || {
            for answer in answers {
                let Ok((stream, _)) = listener.accept() else { return };
                let from = asked_from(&stream);
                heard.lock().expect("no thread panicked").push(from);
                // A caller that has heard enough closes.
                let _ = give(&stream, &content, answer, from);
                if let Answer::StallAfter(_) = answer {
                    thread::spawn(move || {
                        thread::sleep(Duration::from_mins(1));
                        drop(stream);
                    });
                }
            }
        });
        Self { port, asked }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/faces.tgz", self.port)
    }

    /// From which byte on it was asked, each time.
    pub(crate) fn asked(&self) -> Vec<Option<u64>> {
        self.asked.lock().expect("no thread panicked").clone()
    }
}

fn asked_from(stream: &TcpStream) -> Option<u64> {
    let lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let range =
        lines.filter_map(|line| line.to_ascii_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
    range.last().and_then(|range| range.strip_suffix('-')?.parse().ok())
}

fn give(mut stream: &TcpStream, content: &[u8], answer: Answer, from: Option<u64>) -> std::io::Result<()> {
    let (head, body) = said(content, answer, from);
    stream.write_all(format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes())?;
    stream.write_all(&body)
}

/// Status and headers, and the body.
fn said(content: &[u8], answer: Answer, from: Option<u64>) -> (String, Vec<u8>) {
    let knows_ranges = !matches!(answer, Answer::WithoutRanges | Answer::WithoutRangesCutAfter(_));
    let from = from.filter(|_| knows_ranges);
    let mut body = content[from.unwrap_or(0) as usize..].to_vec();
    let length = body.len();
    let head = match from {
        None => format!("200 OK\r\nContent-Length: {length}"),
        Some(from) => {
            let (last, all) = (content.len() - 1, content.len());
            format!(
                "206 Partial Content\r\nContent-Range: bytes {from}-{last}/{all}\r\nContent-Length: {length}"
            )
        }
    };
    match answer {
        Answer::Whole | Answer::WithoutRanges => (head, body),
        Answer::CutAfter(count) | Answer::StallAfter(count) | Answer::WithoutRangesCutAfter(count) => {
            body.truncate(count);
            (head, body)
        }
        Answer::Damaged => {
            body[7] ^= 1;
            (head, body)
        }
        Answer::Status(code) => (format!("{code} No\r\nContent-Length: 0"), Vec::new()),
        Answer::Moved => ("302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0".to_owned(), Vec::new()),
        Answer::Page => {
            ("200 OK\r\nContent-Type: text/html\r\nContent-Length: 11".to_owned(), b"please wait".to_vec())
        }
        Answer::Promise(bytes) => (format!("200 OK\r\nContent-Length: {bytes}"), Vec::new()),
        Answer::ShortWithoutLength => ("200 OK".to_owned(), body[..1000].to_vec()),
        Answer::PageInChunks => (
            "200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked".to_owned(),
            b"b\r\nplease wait\r\n0\r\n\r\n".to_vec(),
        ),
        Answer::Endless => {
            body.extend_from_slice(b"and more");
            ("200 OK".to_owned(), body)
        }
    }
}
