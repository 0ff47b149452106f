//! A terminal that is drawn on.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read as _},
    os::fd::AsFd as _,
    sync::Arc,
};

use console::Term;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use tokio::sync::Notify;

const BEGIN: &str = "\x1b[?1049h\x1b[?25l";
const END: &str = "\x1b[?25h\x1b[?1049l";
const ESCAPE: u8 = 0x1b;

/// A screen of its own without a cursor, and keys as they are pressed. Whatever ends it, the terminal is as it was.
#[derive(Debug)]
pub(crate) struct Screen {
    term: Term,
    /// Where keys come from, and how it was set.
    keyboard: Option<(File, Termios)>,
}

impl Screen {
    /// Begins to draw on `term`. A person who presses q or Esc wants to leave, which `leaves` is told; Ctrl-C stays a signal.
    /// Where no keys can be had, signals alone end it.
    pub(crate) fn begin(term: Term, leaves: Arc<Notify>) -> io::Result<Self> {
        term.write_str(BEGIN)?;
        Ok(Self { term, keyboard: listen(leaves).ok() })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some((keyboard, before)) = &self.keyboard {
            // Not once all is written, which a person may have stopped with Ctrl-S. Who has no terminal left needs no more.
            let _ = tcsetattr(keyboard, SetArg::TCSANOW, before);
        }
        let _ = self.term.write_str(END);
    }
}

/// The thread that reads ends with the program, and leaves the terminal's settings alone.
fn listen(leaves: Arc<Notify>) -> io::Result<(File, Termios)> {
    let stdin = io::stdin();
    let keyboard = if stdin.is_terminal() {
        File::from(stdin.as_fd().try_clone_to_owned()?)
    } else {
        File::open("/dev/tty")?
    };
    let before = tcgetattr(&keyboard)?;
    let mut by_keys = before.clone();
    by_keys.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO);
    let mut typed = keyboard.try_clone()?;
    tcsetattr(&keyboard, SetArg::TCSANOW, &by_keys)?;
    std::thread::spawn(move || {
        let mut keys = [0; 16];
        while let Ok(count @ 1..) = typed.read(&mut keys) {
            if is_leaving(&keys[..count]) {
                leaves.notify_one();
            }
        }
    });
    Ok((keyboard, before))
}

/// An arrow, for one, begins with the byte of Esc, and goes on at once.
fn is_leaving(keys: &[u8]) -> bool {
    keys == [ESCAPE] || keys.iter().any(|key| matches!(key, b'q' | b'Q'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_and_esc_leave_and_other_keys_do_not() {
        for keys in [&b"q"[..], b"Q", b"jq", b"\x1b"] {
            assert!(is_leaving(keys), "{keys:?}");
        }
        for keys in [&b"j"[..], b"\x1b[A", b"\r"] {
            assert!(!is_leaving(keys), "{keys:?}");
        }
    }
}
