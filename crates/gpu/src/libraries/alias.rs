//! A second name for a library that is loaded.
//!
//! cudarc asks the loader for `libnvrtc.so`, then for other names, of which NCCL's `libnccl.so.2` is none. Wheels have no file
//! of the bare name, and one of another CUDA that lies on the loader's way would be taken. A library without code, which
//! bears the bare name and needs the right file, settles it: the loader answers a name that is loaded with what bears it,
//! and looks for symbols in what that needs, too. It is written by hand here, 600 bytes, and exists in memory alone.
//!
//! Format: System V ABI, "Object Files" and "Program Loading and Dynamic Linking".

use std::{io, os::fd::OwnedFd, path::Path};

/// Sizes of an ELF header, a program header, an entry of the dynamic section, a symbol and (empty) hash table.
const HEADER: usize = 64;
const SEGMENT: usize = 56;
const ENTRY: usize = 16;
const SYMBOL: usize = 24;
/// A load segment, the dynamic section, and that the stack needs not be executable.
const SEGMENTS: usize = 3;
const ENTRIES: usize = 8;
/// No page of any Linux is larger.
const PAGE: u64 = 0x1_0000;

const DYNAMIC: usize = HEADER + SEGMENTS * SEGMENT;
const SYMBOLS: usize = DYNAMIC + ENTRIES * ENTRY;
const HASH: usize = SYMBOLS + SYMBOL;
/// One bucket, one chain.
const STRINGS: usize = HASH + 16;

#[cfg(target_arch = "x86_64")]
const MACHINE: u16 = 62;
#[cfg(target_arch = "aarch64")]
const MACHINE: u16 = 183;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const MACHINE: u16 = 0;

/// The file of a library called `name` that needs the one at `path`; loaded from `/proc/self/fd` as long as it is open.
pub(super) fn file(name: &str, path: &Path) -> io::Result<OwnedFd> {
    use std::{fs::File, io::Write as _, os::unix::ffi::OsStrExt as _};

    use nix::sys::memfd::{MFdFlags, memfd_create};
    let mut file = File::from(memfd_create(name, MFdFlags::MFD_CLOEXEC)?);
    file.write_all(&library(name.as_bytes(), path.as_os_str().as_bytes()))?;
    Ok(file.into())
}

fn library(name: &[u8], needed: &[u8]) -> Vec<u8> {
    let strings = [b"\0", name, b"\0", needed, b"\0"].concat();
    let len = (STRINGS + strings.len()) as u64;
    let mut bytes = header();
    // PT_LOAD and PT_DYNAMIC, readable and writable: loaders note addresses in it. Nothing is executable.
    bytes.extend(segment(1, 0, len, PAGE));
    bytes.extend(segment(2, DYNAMIC as u64, (ENTRIES * ENTRY) as u64, 8));
    bytes.extend(segment(0x6474_e551, 0, 0, 16));
    let entries: [(u64, usize); ENTRIES] = [
        (14, 1),             // DT_SONAME
        (1, name.len() + 2), // DT_NEEDED
        (5, STRINGS),        // DT_STRTAB
        (10, strings.len()), // DT_STRSZ
        (6, SYMBOLS),        // DT_SYMTAB
        (11, SYMBOL),        // DT_SYMENT
        (4, HASH),           // DT_HASH
        (0, 0),              // DT_NULL
    ];
    bytes.extend(entries.into_iter().flat_map(|(tag, value)| [tag, value as u64]).flat_map(u64::to_le_bytes));
    // The symbol that every table begins with.
    bytes.extend([0; SYMBOL]);
    bytes.extend([1_u32, 1, 0, 0].into_iter().flat_map(u32::to_le_bytes));
    bytes.extend(strings);
    bytes
}

/// Of a shared library for this machine, little-endian, 64 bits.
fn header() -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    bytes.extend([3, MACHINE].into_iter().flat_map(u16::to_le_bytes));
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend([0, HEADER as u64, 0].into_iter().flat_map(u64::to_le_bytes));
    bytes.extend(0_u32.to_le_bytes());
    let sizes = [HEADER, SEGMENT, SEGMENTS, HEADER, 0, 0];
    bytes.extend(sizes.into_iter().flat_map(|size| (size as u16).to_le_bytes()));
    bytes
}

fn segment(kind: u32, at: u64, len: u64, align: u64) -> Vec<u8> {
    const READ_AND_WRITE: u32 = 6;
    let mut bytes: Vec<u8> = [kind, READ_AND_WRITE].into_iter().flat_map(u32::to_le_bytes).collect();
    bytes.extend([at, at, at, len, len, align].into_iter().flat_map(u64::to_le_bytes));
    bytes
}
