//! Pickles made by hand.

/// A whole pickle of protocol 2.
pub(crate) fn program(body: impl AsRef<[u8]>) -> Vec<u8> {
    [b"\x80\x02", body.as_ref(), b"."].concat()
}

pub(crate) fn global(module: &str, name: &str) -> Vec<u8> {
    format!("c{module}\n{name}\n").into_bytes()
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

/// As `LONG1` of eight bytes.
pub(crate) fn int(value: i64) -> Vec<u8> {
    [b"\x8a\x08", &value.to_le_bytes()[..]].concat()
}

pub(crate) fn tuple(parts: &[Vec<u8>]) -> Vec<u8> {
    [b"(", &parts.concat()[..], b"t"].concat()
}

pub(crate) fn ints(values: &[i64]) -> Vec<u8> {
    tuple(&values.iter().map(|&value| int(value)).collect::<Vec<_>>())
}

pub(crate) fn dict(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let entries: Vec<u8> =
        entries.iter().flat_map(|(key, value)| [text(key), value.clone()].concat()).collect();
    [b"}(", &entries[..], b"u"].concat()
}

pub(crate) fn call(module: &str, name: &str, arguments: &[Vec<u8>]) -> Vec<u8> {
    [global(module, name), tuple(arguments), b"R".to_vec()].concat()
}

/// A tensor: which storage, how many numbers that has, the first one, shape and strides.
#[derive(Debug, Clone)]
pub(crate) struct Tensor<'a> {
    pub(crate) kind: &'a str,
    pub(crate) key: &'a str,
    pub(crate) count: i64,
    pub(crate) offset: i64,
    pub(crate) shape: &'a [i64],
    pub(crate) strides: &'a [i64],
}

/// The first four numbers of storage `0`, as 2 × 2.
pub(crate) const SQUARE: Tensor<'static> =
    Tensor { kind: "FloatStorage", key: "0", count: 4, offset: 0, shape: &[2, 2], strides: &[2, 1] };

impl Tensor<'_> {
    pub(crate) fn pickled(&self) -> Vec<u8> {
        let storage =
            [text("storage"), global("torch", self.kind), text(self.key), text("cpu"), int(self.count)];
        let storage = [tuple(&storage), b"Q".to_vec()].concat();
        let arguments = [storage, int(self.offset), ints(self.shape), ints(self.strides), b"\x89".to_vec()];
        let hooks = call("collections", "OrderedDict", &[]);
        call("torch._utils", "_rebuild_tensor_v2", &[&arguments[..], &[hooks]].concat())
    }
}
