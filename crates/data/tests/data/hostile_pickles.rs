//! Pickles that are no verification sets: none is carried out, and each is refused by name and byte.

use std::path::Path;

use arclab_data::{PrepareError, Prepared};
use arclab_spec::config::Dataset;

use crate::support::{Place, chain, data, drawn, evaluation, given, listed};

fn prepared(place: &Place, set: &Path) -> Result<Prepared, PrepareError> {
    place.prepare(&data(Dataset::Folder(set.to_owned()), drawn(0)), &evaluation(0, []))
}

/// What is said of a verification set that begins `\x80\x02` and goes on with `rest`.
fn refused(rest: &[u8]) -> String {
    let place = Place::with_split();
    let pickle = [b"\x80\x02", rest].concat();
    let list = place.write("x.bin", pickle);
    let data = data(Dataset::Folder(place.faces()), given(place.path("split.csv")));
    chain(&place.prepare(&data, &evaluation(0, [("test", listed(list))])).unwrap_err())
}

#[test]
fn pickles_with_code_in_them_are_refused_by_name_and_byte() {
    let cases: [(&[u8], &str, usize); 14] = [
        (b"cos\nsystem\n(S'true'\ntR.", "GLOBAL", 2),
        (b"](U\x01xcos\nsystem\n", "GLOBAL", 7),
        (b"U\x02osU\x06system\x93.", "STACK_GLOBAL", 14),
        (b"]]R.", "REDUCE", 4),
        (b"]]b.", "BUILD", 4),
        (b"(ios\nsystem\n.", "INST", 3),
        (b"(]o.", "OBJ", 4),
        (b"]]\x81.", "NEWOBJ", 4),
        (b"Pabc\n.", "PERSID", 2),
        (b"]Q.", "BINPERSID", 3),
        (b"\x82\x01.", "EXT1", 2),
        (b"]2.", "DUP", 3),
        (b"}.", "EMPTY_DICT", 2),
        (b"\xFF.", "0xff, which no pickle has,", 2),
    ];
    for (rest, name, offset) in cases {
        let text = refused(rest);
        let named = format!("at byte {offset}: the instruction {name} is no part of a list");
        assert!(
            text.contains("x.bin, a verification set, cannot be read") && text.contains(&named),
            "{text}"
        );
    }
}

#[test]
fn pickles_that_are_no_pairs_of_images_are_refused() {
    let cases: [(&[u8], &str); 16] = [
        (b"", "it is cut short"),
        (b"](U", "it is cut short"),
        (b"](B\xFF\xFF\xFF\xFFabc", "4294967295 bytes are promised, and the file ends before them"),
        (b"](\x8E\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFabc", "18446744073709551615 bytes are promised"),
        (b"](\x8E\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7Fabc", "9223372036854775807 bytes are promised"),
        (b"q\x00.", "there is nothing to remember"),
        (b"h\x00.", "there is nothing to recall"),
        (b"e", "there is nothing to take from a mark on"),
        (b"\x86", "there is nothing to pair"),
        (b"a", "there is nothing to append"),
        // A list within itself, and one within another.
        (b"]q\x00h\x00a.", "a list holds a list"),
        (b"](]U\x01xe.", "a list holds a list"),
        (b"](U\x01x\x88e.", "a list holds a truth"),
        (b"]].", "it is a list, and a pair of a list of encoded images and a list of truths is wanted"),
        (b"](\x88e](\x88e\x86.", "it is a pair of lists of other things"),
        (b"](U\x01xe](\x88e\x86.", "1 images make no pairs for 1 truths"),
    ];
    for (rest, reason) in cases {
        let text = refused(rest);
        assert!(text.contains(reason), "{rest:?}: {text}");
    }
    assert!(refused(b"](e](e\x86.").contains("a verification set: it has none that can be used"));
    let place = Place::with_split();
    let text = chain(&prepared(&place, &place.write("x.bin", b"\x80\x06]].")).unwrap_err());
    assert!(text.contains("the pickle's protocol is 6, and those up to 5 are known"), "{text}");
}

#[test]
fn a_pickle_of_endless_values_ends() {
    let place = Place::with_split();
    for filling in [b'(', 0x88, b']'] {
        let pickle = [b"\x80\x02](".to_vec(), vec![filling; 5_000_000]].concat();
        let text = chain(&prepared(&place, &place.write("x.bin", pickle)).unwrap_err());
        assert!(text.contains("more than 4000000 values"), "{text}");
    }
}
