//! Why a pickle is no verification set.

use std::io;

use super::MOST_VALUES;

/// Why a pickle is no verification set.
#[derive(Debug, thiserror::Error)]
#[error("at byte {offset}: {problem}")]
pub(crate) struct PickleError {
    /// Where the instruction begins.
    pub(super) offset: u64,
    pub(super) problem: Problem,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("it is cut short")]
    CutShort,
    #[error("{0}")]
    Read(io::Error),
    #[error("the pickle's protocol is {0}, and those up to 5 are known")]
    Protocol(u8),
    #[error(
        "the instruction {} is no part of a list of bytes or truths, and none of its kind is carried out{}",
        name(*.0), hint(*.0)
    )]
    Refused(u8),
    #[error("{promised} bytes are promised, and the file ends before them")]
    Promise { promised: u64 },
    #[error("it has more than {MOST_VALUES} values, which no verification set has")]
    TooMany,
    #[error("there is nothing to {0}")]
    Nothing(&'static str),
    #[error("a list holds {0}; bytes are wanted, or truths, and in one list one kind")]
    InList(&'static str),
    #[error("this is no number")]
    Number,
    #[error("it is {0}, and a pair of a list of encoded images and a list of truths is wanted")]
    NoPair(&'static str),
    #[error("{images} images make no pairs for {truths} truths: two images a pair are wanted")]
    Count { images: usize, truths: usize },
}

/// Where the instruction may have come from without malice.
fn hint(instruction: u8) -> &'static str {
    if instruction == b'c' {
        "; of names `_codecs.encode` alone is known, with which Python 3 writes bytes in protocols 0 to 2"
    } else {
        ""
    }
}

/// Python's name of an instruction that is not carried out.
fn name(instruction: u8) -> String {
    let known = match instruction {
        b'c' => "GLOBAL",
        0x93 => "STACK_GLOBAL",
        b'R' => "REDUCE",
        b'b' => "BUILD",
        b'i' => "INST",
        b'o' => "OBJ",
        0x81 => "NEWOBJ",
        0x92 => "NEWOBJ_EX",
        b'P' => "PERSID",
        b'Q' => "BINPERSID",
        0x82 => "EXT1",
        0x83 => "EXT2",
        0x84 => "EXT4",
        b'N' => "NONE",
        b'J' => "BININT",
        b'M' => "BININT2",
        b'L' => "LONG",
        0x8A => "LONG1",
        0x8B => "LONG4",
        b'F' => "FLOAT",
        b'G' => "BINFLOAT",
        b'V' => "UNICODE",
        b'X' => "BINUNICODE",
        0x8C => "SHORT_BINUNICODE",
        0x8D => "BINUNICODE8",
        b'd' => "DICT",
        b'}' => "EMPTY_DICT",
        b's' => "SETITEM",
        b'u' => "SETITEMS",
        b')' => "EMPTY_TUPLE",
        0x85 => "TUPLE1",
        0x87 => "TUPLE3",
        0x8F => "EMPTY_SET",
        0x90 => "ADDITEMS",
        0x91 => "FROZENSET",
        b'0' => "POP",
        b'1' => "POP_MARK",
        b'2' => "DUP",
        0x97 => "NEXT_BUFFER",
        0x98 => "READONLY_BUFFER",
        other => return format!("{other:#04x}, which no pickle has,"),
    };
    known.to_owned()
}
