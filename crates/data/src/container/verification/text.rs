//! Bytes of images that Python wrote as texts.

use super::Text;

/// The bytes of a text that is written as `written`.
pub(in super::super) fn bytes(text: Text, written: &[u8]) -> Result<Vec<u8>, String> {
    match text {
        Text::Plain(_) => Ok(written.to_vec()),
        Text::Escaped(_) => unescaped(written),
        Text::Utf8(_) => of_utf8(written),
        Text::RawUnicode(_) => of_raw_unicode(written),
    }
}

/// Of a text in UTF-8, a character a byte.
fn of_utf8(written: &[u8]) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(written).map_err(|_| "its text is not UTF-8".to_owned())?;
    let byte = |character| u8::try_from(u32::from(character));
    let bytes: Result<Vec<u8>, _> = text.chars().map(byte).collect();
    bytes.map_err(|_| "its text has characters that are no bytes".to_owned())
}

/// Of a text in Latin-1 with `\\uXXXX` for what would be taken for an escape or a line's end.
fn of_raw_unicode(written: &[u8]) -> Result<Vec<u8>, String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(written.len()), written);
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, length) = match (byte, after) {
            (b'\\', [b'u', b'0', b'0', high, low, ..]) => (hexadecimal(*high, *low)?, 5),
            (b'\\', [b'u', ..]) => return Err("its text has characters that are no bytes".to_owned()),
            (byte, _) => (byte, 0),
        };
        bytes.push(byte);
        rest = &after[length..];
    }
    Ok(bytes)
}

fn hexadecimal(high: u8, low: u8) -> Result<u8, String> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let digits = digit(high).zip(digit(low)).ok_or("it has an escape without two digits")?;
    Ok((16 * digits.0 + digits.1) as u8)
}

/// The bytes of a text as Python's `repr` writes it, in quotes.
fn unescaped(text: &[u8]) -> Result<Vec<u8>, String> {
    let text = text.trim_ascii();
    let (Some(quote @ (b'\'' | b'"')), Some(last)) = (text.first(), text.last()) else {
        return Err("it has no quotes around it".to_owned());
    };
    if quote != last || text.len() < 2 {
        return Err("its quotes are not closed".to_owned());
    }
    let (mut bytes, mut rest) = (Vec::new(), &text[1..text.len() - 1]);
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, length) = if byte == b'\\' { escape(after)? } else { (byte, 0) };
        bytes.push(byte);
        rest = &after[length..];
    }
    Ok(bytes)
}

/// What stands behind a `\`, and how long that is.
fn escape(after: &[u8]) -> Result<(u8, usize), String> {
    match after {
        [b'x', high, low, ..] => Ok((hexadecimal(*high, *low)?, 3)),
        [byte @ (b'\\' | b'\'' | b'"'), ..] => Ok((*byte, 1)),
        [b'n', ..] => Ok((b'\n', 1)),
        [b'r', ..] => Ok((b'\r', 1)),
        [b't', ..] => Ok((b'\t', 1)),
        _ => Err("it has an unknown escape".to_owned()),
    }
}
