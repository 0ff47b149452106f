//! Files from hosts on this machine that stall, cut, corrupt, refuse and send something else.

mod support;

use std::{fs, sync::Mutex, time::Duration};

use arclab_fetch::{FetchError, Fetched, Patience, Progress, fetch};
use arclab_spec::PublicFile;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use support::{Answer, Host};

/// Long enough for several reads.
fn content() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n.wrapping_mul(n) / 7) as u8).collect()
}

fn file(hosts: &[&Host]) -> PublicFile {
    let content = content();
    PublicFile {
        name: "faces.tgz".to_owned(),
        bytes: content.len() as u64,
        sha256: format!("{:x}", Sha256::digest(&content)),
        hosts: hosts.iter().map(|host| host.address()).collect(),
    }
}

/// What a test waits for a host: a stall costs half a second.
const PATIENCE: Patience =
    Patience { silence: Duration::from_millis(500), pause: Duration::from_millis(1), retries: 2 };

/// Remembers all that it hears.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Progress for Heard {
    fn bytes(&self, _name: &str, done: u64, total: u64) {
        assert!(done <= total, "{done} of {total}");
    }

    fn hindered(&self, _name: &str, what: &str) {
        self.0.lock().expect("no thread panicked").push(what.to_owned());
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

/// Fetches from one host that answers so, and gives from which bytes on it was asked.
fn fetched(answers: &[Answer]) -> Vec<Option<u64>> {
    let (host, folder) = (Host::new(&content(), answers), folder());
    let done =
        fetch(&file(&[&host]), folder.path(), PATIENCE, &Heard::default()).expect("it comes in the end");
    assert_eq!(done, Fetched::New);
    assert_eq!(fs::read(folder.path().join("faces.tgz")).expect("it is there"), content());
    assert_eq!(fs::read_dir(folder.path()).expect("the folder is there").count(), 1, "nothing else is left");
    host.asked()
}

fn refused(hosts: &[&Host], folder: &TempDir) -> FetchError {
    let error =
        fetch(&file(hosts), folder.path(), PATIENCE, &Heard::default()).expect_err("no host gives it");
    assert!(!folder.path().join("faces.tgz").exists(), "{error}");
    error
}

#[test]
fn a_file_is_fetched_once() {
    let (host, folder) = (Host::new(&content(), &[Answer::Whole]), folder());
    let fetch = || fetch(&file(&[&host]), folder.path(), PATIENCE, &Heard::default()).unwrap();
    assert_eq!([fetch(), fetch()], [Fetched::New, Fetched::Present]);
    assert_eq!(host.asked(), [None]);
}

#[test]
fn a_host_that_cuts_is_asked_for_the_rest() {
    assert_eq!(
        fetched(&[Answer::CutAfter(100_000), Answer::CutAfter(50_000), Answer::Whole]),
        [None, Some(100_000), Some(150_000)]
    );
}

#[test]
fn a_host_that_falls_silent_is_asked_for_the_rest() {
    assert_eq!(fetched(&[Answer::StallAfter(200_000), Answer::Whole]), [None, Some(200_000)]);
}

#[test]
fn a_host_that_knows_no_ranges_begins_anew() {
    assert_eq!(fetched(&[Answer::CutAfter(1000), Answer::WithoutRanges]), [None, Some(1000)]);
}

#[test]
fn a_host_with_trouble_is_asked_again_and_moved_files_are_followed() {
    assert_eq!(fetched(&[Answer::Status(503), Answer::Moved, Answer::Whole]).len(), 3);
}

#[test]
fn patience_ends_only_where_no_byte_comes() {
    let cuts = [Answer::CutAfter(1000); 20];
    let answers = [cuts.as_slice(), &[Answer::Whole]].concat();
    assert_eq!(fetched(&answers).len(), 21);
}

#[test]
fn what_came_is_kept_for_the_next_time() {
    let folder = folder();
    let host = Host::new(&content(), &[Answer::CutAfter(120_000), Answer::Status(500), Answer::Status(500)]);
    let error = refused(&[&host], &folder);
    assert!(error.to_string().contains("answered 500"), "{error}");
    assert!(error.to_string().contains("The 120000 bytes that came are kept"), "{error}");

    let host = Host::new(&content(), &[Answer::Whole]);
    assert_eq!(fetch(&file(&[&host]), folder.path(), PATIENCE, &Heard::default()).unwrap(), Fetched::New);
    assert_eq!(host.asked(), [Some(120_000)]);
}

#[test]
fn what_is_damaged_is_thrown_away_and_the_next_host_asked() {
    let (bad, good) = (Host::new(&content(), &[Answer::Damaged]), Host::new(&content(), &[Answer::Whole]));
    let (folder, heard) = (folder(), Heard::default());
    assert_eq!(fetch(&file(&[&bad, &good]), folder.path(), PATIENCE, &heard).unwrap(), Fetched::New);
    assert_eq!((bad.asked(), good.asked()), (vec![None], vec![None]));
    let heard = heard.0.into_inner().unwrap();
    assert!(heard[0].contains("another SHA-256") && heard[0].contains("asking the next host"), "{heard:?}");
}

#[test]
fn a_damaged_beginning_of_an_earlier_time_is_no_fault_of_the_host() {
    let (host, folder) = (Host::new(&content(), &[Answer::Whole, Answer::Whole]), folder());
    fs::write(folder.path().join("faces.tgz.part"), [9; 1000]).unwrap();
    assert_eq!(fetch(&file(&[&host]), folder.path(), PATIENCE, &Heard::default()).unwrap(), Fetched::New);
    assert_eq!(host.asked(), [Some(1000), None]);
}

#[test]
fn a_host_that_always_damages_and_cuts_is_not_asked_for_ever() {
    let folder = folder();
    let host = Host::new(&content(), &[Answer::CutAfter(1000), Answer::Damaged]);
    assert!(refused(&[&host], &folder).to_string().contains("another SHA-256"));
    assert!(!folder.path().exists(), "nothing of it is kept");
}

#[test]
fn another_file_is_told_before_it_is_fetched() {
    for (answer, told) in [
        (Answer::Page, "gives another file: 11 bytes text/html, not 300000 bytes"),
        (Answer::PageInChunks, "gives another file: a page, not 300000 bytes"),
        (Answer::Promise(u64::MAX), "gives another file: 18446744073709551615 bytes"),
        (Answer::Status(404), "answered 404 Not Found"),
        (Answer::Endless, "gives another file: more bytes, not 300000 bytes"),
    ] {
        let folder = folder();
        let host = Host::new(&content(), &[answer]);
        let error = refused(&[&host], &folder).to_string();
        assert!(error.contains(told) && error.contains(&host.address()), "{error}");
        assert!(error.contains("put it at") && error.contains("must have 300000 bytes"), "{error}");
        assert!(!folder.path().exists(), "nothing is left");
    }
}

#[test]
fn a_host_that_gives_next_to_nothing_is_given_up() {
    let folder = folder();
    let host = Host::new(&content(), &[Answer::CutAfter(1); 20]);
    assert!(refused(&[&host], &folder).to_string().contains("broke off"));
    assert_eq!(host.asked().len(), 3, "a first time and two retries");
}

#[test]
fn what_came_is_kept_though_a_host_knows_no_ranges_and_cuts_again() {
    let folder = folder();
    let cuts =
        [Answer::CutAfter(200_000), Answer::WithoutRangesCutAfter(1000), Answer::WithoutRangesCutAfter(1500)];
    let host = Host::new(&content(), &cuts);
    assert!(refused(&[&host], &folder).to_string().contains("The 200000 bytes that came are kept"));
}

#[test]
fn an_answer_without_a_length_that_ends_early_is_not_taken_for_a_part() {
    let (short, good) =
        (Host::new(&content(), &[Answer::ShortWithoutLength; 3]), Host::new(&content(), &[Answer::Whole]));
    let folder = folder();
    assert_eq!(
        fetch(&file(&[&short, &good]), folder.path(), PATIENCE, &Heard::default()).unwrap(),
        Fetched::New
    );
    assert_eq!(good.asked(), [None], "nothing of it was kept");
}

#[test]
fn a_host_that_cannot_be_asked_is_asked_once() {
    let folder = folder();
    let host = Host::new(&content(), &[Answer::Moved; 20]);
    let error = refused(&[&host], &folder).to_string();
    assert!(error.contains("cannot be asked: too many redirects"), "{error}");
    assert_eq!(host.asked().len(), 11);
}

#[test]
fn a_host_that_is_not_there_is_told() {
    let host = Host::new(&content(), &[]);
    let error = refused(&[&host], &folder()).to_string();
    assert!(error.contains("cannot be reached"), "{error}");
}

#[test]
fn what_has_the_files_name_already_is_not_written_over() {
    let (host, folder) = (Host::new(&content(), &[Answer::Whole]), folder());
    fs::write(folder.path().join("faces.tgz"), "mine").unwrap();
    let error = fetch(&file(&[&host]), folder.path(), PATIENCE, &Heard::default()).unwrap_err();
    assert!(matches!(error, FetchError::NotTheListedFile(_)), "{error}");
    assert_eq!(fs::read(folder.path().join("faces.tgz")).unwrap(), b"mine");
}

#[test]
fn two_programs_do_not_write_one_file() {
    let (host, folder) = (Host::new(&content(), &[Answer::Whole]), folder());
    let other = fs::File::create(folder.path().join("faces.tgz.part")).unwrap();
    other.lock().unwrap();
    assert!(matches!(refused(&[&host], &folder), FetchError::Busy(_)));
    assert_eq!(host.asked(), []);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let (host, folder) = (Host::new(&content(), &[Answer::Whole]), folder());
    fs::write(folder.path().join("data"), "a file").unwrap();
    let inside = folder.path().join("data/lfw");
    let error = fetch(&file(&[&host]), &inside, PATIENCE, &Heard::default()).unwrap_err();
    assert!(error.to_string().contains("data/lfw"), "{error}");
}
