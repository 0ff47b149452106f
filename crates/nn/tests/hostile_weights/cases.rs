//! The files.

use std::{collections::BTreeMap, sync::Arc};

use arclab_nn::{BackboneKind, Cpu, Network, checkpoint::save_tensors};
use candle_core::{DType, Device};

use crate::{
    archive::{Entry, archive, archive_with, entries, saved},
    program::{SQUARE, Tensor, call, dict, global, int, program, text, tuple},
};

/// A file that is refused.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) content: Content,
    /// Part of what is said of it.
    pub(crate) says: &'static str,
    /// Whether the file itself is right, and it is a network that refuses what it holds.
    pub(crate) is_for_network: bool,
}

pub(crate) enum Content {
    File(Vec<u8>),
    Folder,
    Absent,
}

fn case(name: impl Into<String>, bytes: impl Into<Vec<u8>>, says: &'static str) -> Case {
    Case { name: name.into(), content: Content::File(bytes.into()), says, is_for_network: false }
}

pub(crate) fn all() -> Vec<Case> {
    [
        cut_short(),
        code(),
        damaged_pickles(),
        views(),
        archives(),
        dictionaries(),
        not_finite(),
        foreign(),
        headers(),
        networks(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn numbers(values: [f32; 4]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

const FOUR: [f32; 4] = [1.0, 2.0, 3.0, 4.0];

/// A state dict that would be read, with one tensor.
fn right() -> Vec<u8> {
    saved(&program(dict(&[("w", SQUARE.pickled())])), &[("0", numbers(FOUR))])
}

fn pth(body: impl AsRef<[u8]>) -> Vec<u8> {
    saved(&program(body), &[("0", numbers(FOUR))])
}

fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

const HEADER: &str = r#"{"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}"#;

fn cut_short() -> Vec<Case> {
    let (pth, safetensors) = (right(), safetensors(HEADER, &numbers(FOUR)));
    let zips = [4, 20, 40, 60, 100, 200, 300, 400, pth.len() - 60, pth.len() - 22, pth.len() - 1];
    let cut = |whole: &[u8], at: usize, says| case(format!("cut at {at}"), &whole[..at], says);
    let zips = zips.map(|at| cut(&pth, at, "cut short"));
    let tensors = [9, 12, 30, 64, 66, 72, safetensors.len() - 1].map(|at| cut(&safetensors, at, "cut short"));
    let heads = [1, 3, 8].map(|at| cut(&safetensors, at, "holds no weights"));
    zips.into_iter().chain(tensors).chain(heads).collect()
}

fn code() -> Vec<Case> {
    let names = [
        ("os", "system", "`os.system`"),
        ("posix", "system", "`posix.system`"),
        ("builtins", "eval", "`builtins.eval`"),
        ("__builtin__", "getattr", "`__builtin__.getattr`"),
        ("subprocess", "Popen", "`subprocess.Popen`"),
        ("torch", "load", "`torch.load`"),
        ("torch", "QInt8Storage", "`torch.QInt8Storage`"),
        ("numpy.core.multiarray", "_reconstruct", "_reconstruct`"),
        ("backbones.iresnet", "IResNet", "`backbones.iresnet.IResNet`"),
        ("collections", "OrderedDict.fromkeys", "fromkeys`"),
        ("\u{1b}[2J", "x", "which no state dict needs"),
    ];
    let by_lines = names.map(|(module, name, says)| {
        case(format!("calls {module}.{name}"), pth(call(module, name, &[text("id")])), says)
    });
    let stacked =
        [text("os"), text("system"), b"\x93".to_vec(), tuple(&[text("id")]), b"R".to_vec()].concat();
    let within = dict(&[("w", SQUARE.pickled()), ("x", call("os", "system", &[text("id")]))]);
    let more = [
        case("calls by texts", pth(stacked), "`os.system`"),
        case("calls as an instance", pth(b"(ios\nsystem\n"), "`os.system`"),
        case(
            "makes an object",
            pth([global("collections", "OrderedDict"), b")\x81".to_vec()].concat()),
            "0x81",
        ),
        case("calls beside a tensor", pth(within), "which no state dict needs"),
        case("an instance of what is known", pth(b"(icollections\nOrderedDict\n"), "0x69"),
        case("an extension", pth(b"\x82\x01"), "0x82"),
        case("calls a storage", pth(call("torch", "FloatStorage", &[int(1 << 40)])), "a call is not"),
        case("calls a text", pth([text("os.system"), tuple(&[]), b"R".to_vec()].concat()), "a call is not"),
    ];
    by_lines.into_iter().chain(more).collect()
}

fn damaged_pickles() -> Vec<Case> {
    let doubled = b")".iter().copied().chain((0..60).flat_map(|_| *b"q\0h\0\x86")).collect::<Vec<u8>>();
    let many = b"N".repeat(2 << 20);
    vec![
        case("an empty pickle", saved(b"", &[]), "cut short"),
        case("a protocol alone", saved(b"\x80", &[]), "cut short"),
        case("no end", saved(b"\x80\x02}", &[]), "cut short"),
        case("an end alone", saved(b"\x80\x02.", &[]), "its stack is empty"),
        case("an unknown instruction", pth(b"\xff"), "0xff"),
        case("a text without end", pth(b"X\xff\xff\xff\xff"), "cut short"),
        case("a long number", pth([b"\x8a\xff".to_vec(), vec![1; 255]].concat()), "a number is too large"),
        case("a text that is none", pth(b"X\x02\0\0\0\xff\xfe"), "not UTF-8"),
        case("a name without end", pth(b"ctorch"), "cut short"),
        case("no mark", pth(b"t"), "a mark is missing"),
        case("what is under a mark", pth(b")(\x85"), "its stack is empty"),
        case("an unknown memory", pth(b"h\x07"), "recalls"),
        case("a value for no dictionary", pth(b")NNs"), "no entry"),
        case("a key without value", pth(b"}(Nu"), "no entry"),
        case("added to no list", pth(b")Na"), "no list"),
        case("attributes of a tuple", pth(b")Nb"), "attributes"),
        case("a storage of nothing", pth(b")Q"), "no storage"),
        case(
            "nested a million times",
            pth([&b")"[..], &b"\x85".repeat(1_000_000)].concat()),
            "no state dict",
        ),
        case("doubled sixty times", pth(doubled), "no state dict"),
        case("a dictionary in itself", pth(b"}q\0X\x01\0\0\0ah\0s"), "no state dict"),
        case("a million marks", pth(b"(".repeat(1_000_000)), "its stack is empty"),
        case("longer than any", saved(&many, &[]), "far more than any"),
    ]
}

fn views() -> Vec<Case> {
    let of = |name: &str, tensor: &Tensor<'_>, says| case(name, pth(dict(&[("w", tensor.pickled())])), says);
    let shared: Vec<_> = (0..200).map(|at| format!("w{at}")).collect();
    let shared: Vec<_> = shared.iter().map(|name| (&**name, SQUARE.pickled())).collect();
    // Fewer bytes a tensor than it has numbers, by what is remembered.
    let wide = Tensor { count: 1 << 14, shape: &[1 << 14], strides: &[1], ..SQUARE };
    let again = (0..99).flat_map(|at| [text(&at.to_string()), b"h\0".to_vec()].concat()).collect::<Vec<u8>>();
    let again = [b"}(", &text("w")[..], &wide.pickled(), b"q\0", &again, b"u"].concat();
    assert!(pth(dict(&shared)).len() > 200 * 16, "these are no more than the file");
    vec![
        of("more than its storage", &Tensor { shape: &[3, 2], ..SQUARE }, "does not fit into its storage"),
        of("past its storage", &Tensor { offset: 1, ..SQUARE }, "does not fit into its storage"),
        of("before its storage", &Tensor { offset: -1, ..SQUARE }, "a call is not"),
        of("a negative length", &Tensor { shape: &[-2, 2], ..SQUARE }, "a call is not"),
        of("a negative stride", &Tensor { strides: &[-2, 1], ..SQUARE }, "a call is not"),
        of("repeated", &Tensor { shape: &[1 << 40, 1], strides: &[0, 0], ..SQUARE }, "does not fit"),
        of("a product that overflows", &Tensor { shape: &[1 << 40, 1 << 40], ..SQUARE }, "does not fit"),
        of("strides that overflow", &Tensor { strides: &[i64::MAX, i64::MAX], ..SQUARE }, "does not fit"),
        of("a stride too few", &Tensor { strides: &[1], ..SQUARE }, "another number of strides"),
        of(
            "bytes that overflow",
            &Tensor { kind: "DoubleStorage", count: 1 << 61, shape: &[1 << 61], strides: &[1], ..SQUARE },
            "exceed the file",
        ),
        of("nine dimensions", &Tensor { shape: &[1; 9], strides: &[1; 9], ..SQUARE }, "a call is not"),
        of("without numbers", &Tensor { shape: &[0, 2], ..SQUARE }, "has no numbers"),
        of("a storage that is missing", &Tensor { key: "7", ..SQUARE }, "which is missing"),
        of("a storage elsewhere", &Tensor { key: "../../etc/passwd", ..SQUARE }, "which is missing"),
        of("a storage that says too much", &Tensor { count: 1 << 40, ..SQUARE }, "which has 16 bytes"),
        of("a storage of other numbers", &Tensor { kind: "DoubleStorage", ..SQUARE }, "which has 16 bytes"),
        case("one shape for two thousand tensors", pth(remembered_shape()), "a call is not"),
        case(
            "one storage a hundred times",
            saved(&program(again), &[("0", vec![0; 4 << 14])]),
            "exceed the file",
        ),
    ]
}

/// Each call of five bytes would copy a shape of twenty thousand numbers.
fn remembered_shape() -> Vec<u8> {
    let shape = tuple(&vec![int(1); 20_000]);
    let storage = [text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu"), int(4)];
    let storage = [tuple(&storage), b"Q".to_vec()].concat();
    let arguments = [storage, int(0), [&shape[..], b"q\0"].concat(), b"h\0".to_vec()];
    let remember =
        [&global("torch._utils", "_rebuild_tensor_v2")[..], b"q\x01", &tuple(&arguments), b"q\x02"];
    [&remember.concat()[..], &b"h\x01h\x02R".repeat(2_000)].concat()
}

fn archives() -> Vec<Case> {
    let body = program(dict(&[("w", SQUARE.pickled())]));
    let with = |change: &dyn Fn(&mut Vec<Entry>)| {
        let mut entries = entries(&body, &[("0", numbers(FOUR))]);
        change(&mut entries);
        archive(&entries)
    };
    vec![
        case("deflated", with(&|all| all[0].method = 8), "is compressed or encrypted"),
        case("a deflated storage", with(&|all| all[2].method = 8), "is compressed or encrypted"),
        case("encrypted", with(&|all| all[0].flags = 1), "is compressed or encrypted"),
        case("a bomb", with(&|all| (all[2].method, all[2].sizes[1]) = (8, u32::MAX - 1)), "is compressed"),
        case("two sizes", with(&|all| all[2].sizes[1] = 1 << 30), "two sizes"),
        case("longer than the archive", with(&|all| all[2].sizes = [1 << 30; 2]), "overlap"),
        case("a pickle longer than the archive", with(&|all| all[0].sizes = [1 << 30; 2]), "overlap"),
        case("one place for two", with(&|all| all[3].begins = Some(0)), "overlap"),
        case("a wrong checksum", with(&|all| all[0].checksum ^= 1), "cut short, or damaged"),
        case("a storage with a wrong checksum", with(&|all| all[2].checksum ^= 1), "cut short, or damaged"),
        case("no pickle", with(&|all| drop(all.remove(0))), "0 entries `data.pkl`"),
        case("two pickles", with(&|all| all.push(Entry::new("v/data.pkl", "N."))), "2 entries `data.pkl`"),
        case("big-endian", with(&|all| all[1] = Entry::new("w/byteorder", "big")), "big-endian"),
        case(
            "sixty thousand entries",
            archive_with(&[Entry::new("w/data.pkl", body.clone())], 60_000),
            "cut short",
        ),
        case("an empty archive", archive(&[]), "0 entries `data.pkl`"),
        case("arrays of NumPy", archive(&[Entry::new("w.npy", "\u{93}NUMPY")]), "0 entries `data.pkl`"),
    ]
}

fn dictionaries() -> Vec<Case> {
    let (square, inner) = (SQUARE.pickled(), dict(&[("w", SQUARE.pickled())]));
    let twice = [("state_dict", inner.clone()), ("model", inner.clone())];
    vec![
        case("a number", pth(int(7)), "no state dict, but another object"),
        case("a tensor alone", pth(&square), "no state dict, but another object"),
        case("an empty one", pth(dict(&[])), "no state dict, but nothing"),
        case("numbers", pth(dict(&[("epoch", int(3)), ("lr", int(1))])), "but keys `epoch`, `lr`"),
        case("under an unknown key", pth(dict(&[("optimizer", inner)])), "but keys `optimizer`"),
        case("two of them", pth(dict(&twice)), "several state dicts (state_dict, model)"),
        case(
            "a number beside tensors",
            pth(dict(&[("w", square.clone()), ("n", int(3))])),
            "`n` is no tensor",
        ),
        case("numbers for names", pth([b"}(", &int(1)[..], &square, b"u"].concat()), "no state dict"),
        case("a long name", pth(dict(&[(&"x".repeat(900_000), int(3))])), "xxx…`"),
        case("one name twice", pth(dict(&[("w", square.clone()), ("w", square)])), "`w` stands in it twice"),
    ]
}

fn not_finite() -> Vec<Case> {
    let of = |kind, content: Vec<u8>, count| {
        let tensor = Tensor { kind, count, shape: &[2], strides: &[1], ..SQUARE };
        let body = program(dict(&[("w", tensor.pickled())]));
        case(
            format!("not finite in {kind}"),
            saved(&body, &[("0", content)]),
            "holds a value that is not finite",
        )
    };
    let float = |second: f32| [1.0_f32, second].iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>();
    let header = HEADER.replace("\"F32\"", "\"BF16\"").replace("16]", "8]");
    vec![
        of("FloatStorage", float(f32::NAN), 2),
        of("FloatStorage", float(f32::NEG_INFINITY), 2),
        of("DoubleStorage", [1.0_f64, 1e300].iter().flat_map(|x| x.to_le_bytes()).collect(), 2),
        of("HalfStorage", vec![0, 0x3c, 0, 0x7e], 2),
        of("BFloat16Storage", vec![0x80, 0x3f, 0x80, 0x7f], 2),
        case("NaN in safetensors", safetensors(HEADER, &numbers([1.0, f32::NAN, 0.0, 0.0])), "not finite"),
        case("NaN in bfloat16", safetensors(&header, &[0xc0, 0x7f, 0, 0, 0, 0, 0, 0]), "not finite"),
    ]
}

fn foreign() -> Vec<Case> {
    let legacy = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.";
    let is = |name: &str, content| Case { name: name.into(), content, says: "", is_for_network: false };
    vec![
        case("nothing", "", "it is empty"),
        Case { says: "it is no file", ..is("a folder", Content::Folder) },
        Case { says: "failed to read", ..is("no file", Content::Absent) },
        case("ONNX", b"\x08\x07\x12\x07pytorch\x1a\x042.0\0:\xff\x01", "it begins like neither"),
        case("a legacy file", legacy, "before version 1.6"),
        case("a pickle of a list", b"\x80\x04]\x94.", "before version 1.6"),
        case("a text", "conv1.weight 0.1 0.2\n", "it is a text"),
        case("a page", "<!DOCTYPE html><html>Too many requests</html>", "it is a text"),
        case("a pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "it is a text"),
        case("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it begins like neither"),
        case("a compressed file", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "it begins like neither"),
        case("HDF5", b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0", "it begins like neither"),
        case("zeros", vec![0; 4096], "it begins like neither"),
    ]
}

fn headers() -> Vec<Case> {
    let data = numbers(FOUR);
    let of = |name: &str, header: &str| {
        case(name, safetensors(header, &data), "cut short, or no safetensors file")
    };
    let ones = format!("[2,2{}]", ",1".repeat(7));
    let mut long = safetensors(HEADER, &data);
    long[..8].copy_from_slice(&(1_u64 << 60).to_le_bytes());
    vec![
        case("a header longer than all memory", long, "cut short, or no safetensors file"),
        of("a header that is no JSON", "{\"w\": oh}"),
        of("a header of another form", "{\"w\": [1, 2]}"),
        of("an unknown type", &HEADER.replace("F32", "F37")),
        of("past the end", &HEADER.replace("16]", "160]")),
        of("more than its bytes", &HEADER.replace("[2,2]", "[2,3]")),
        of("a shape that overflows", &HEADER.replace("[2,2]", "[4294967296,4294967296,4]")),
        case(
            "nine dimensions in safetensors",
            safetensors(&HEADER.replace("[2,2]", &ones), &data),
            "has 9 dimensions",
        ),
        of("backwards", &HEADER.replace("[0,16]", "[16,0]")),
        of("a hole", &HEADER.replace("[0,16]", "[4,20]")),
    ]
}

/// Of these the files are right, and the network refuses what they hold.
fn networks() -> Vec<Case> {
    let network = Network::new(Arc::new(Cpu::new(1)), BackboneKind::Small, 16, 32, 0).unwrap();
    let state: BTreeMap<_, _> = network.state().into_iter().collect();
    let change = |name: &str, says, change: &dyn Fn(&mut BTreeMap<String, candle_core::Tensor>)| {
        let (mut tensors, folder) = (state.clone(), tempfile::tempdir().unwrap());
        change(&mut tensors);
        let bytes = save_tensors(&folder.path().join("w"), &tensors, None).unwrap();
        Case { is_for_network: true, ..case(name, bytes, says) }
    };
    let zeros = |shape: &[usize], dtype| candle_core::Tensor::zeros(shape, dtype, &Device::Cpu).unwrap();
    vec![
        change(
            "another shape",
            "`conv1.weight` has shape [8, 3, 3, 3] and should have [32, 3, 3, 3]",
            &|all| {
                all.insert("conv1.weight".into(), zeros(&[8, 3, 3, 3], DType::F32));
            },
        ),
        change("a name too many", "`extra` belongs to nothing here", &|all| {
            all.insert("extra".into(), zeros(&[1], DType::F32));
        }),
        change("a name too few", "`prelu.weight` is missing", &|all| drop(all.remove("prelu.weight"))),
        change("whole numbers", "`bn1.weight` holds whole numbers, and floats are wanted", &|all| {
            all.insert("bn1.weight".into(), zeros(&[32], DType::I64));
        }),
        change("a variance below 0", "`bn1.running_var` holds a variance below 0", &|all| {
            let ones = candle_core::Tensor::ones(32, DType::F32, &Device::Cpu).unwrap();
            all.insert("bn1.running_var".into(), ones.neg().unwrap());
        }),
        change("nothing of it", "and 86 more", &|all| {
            *all = BTreeMap::from([("w".to_owned(), zeros(&[1], DType::F32))]);
        }),
    ]
}
