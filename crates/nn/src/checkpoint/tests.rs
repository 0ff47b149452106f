use candle_core::{Device, Tensor};

use super::*;

fn tensors(value: f32) -> Tensors {
    let tensor = Tensor::full(value, (2, 3), &Device::Cpu).unwrap();
    Tensors::from([("layer.weight".to_owned(), tensor)])
}

fn values(tensors: &Tensors) -> Vec<f32> {
    tensors["layer.weight"].flatten_all().unwrap().to_vec1().unwrap()
}

fn file_names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn message(error: &LoadError) -> String {
    error.to_string()
}

fn tensors_of(step: u64) -> String {
    format!("checkpoint-{step:010}.safetensors")
}

fn json_of(step: u64) -> String {
    format!("checkpoint-{step:010}.json")
}

/// A folder with a checkpoint of each of these steps, if so many are kept; the note is the step.
fn saved(steps: impl IntoIterator<Item = u64>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for step in steps {
        save(folder.path(), step, &step, &tensors(step as f32)).unwrap();
    }
    folder
}

fn note(folder: &Path) -> u64 {
    load(folder).unwrap().unwrap().note
}

#[test]
fn what_was_saved_is_loaded_and_an_empty_folder_holds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(load::<u64>(folder.path()).unwrap().is_none());
    assert!(load::<u64>(&folder.path().join("absent")).unwrap().is_none());
    save(folder.path(), 7, &42_u64, &tensors(0.5)).unwrap();
    let Loaded { note, tensors, passed_over } = load::<u64>(folder.path()).unwrap().unwrap();
    assert_eq!((note, values(&tensors)), (42, vec![0.5; 6]));
    assert!(passed_over.is_empty(), "{passed_over:?}");
}

#[test]
fn the_newest_checkpoint_and_the_one_before_it_are_kept() {
    let folder = saved([8, 9, 10, 100]);
    assert_eq!(note(folder.path()), 100);
    assert_eq!(file_names(folder.path()), [json_of(10), tensors_of(10), json_of(100), tensors_of(100)]);
}

#[test]
fn a_save_that_was_cut_short_leaves_the_earlier_checkpoint() {
    let folder = saved([1]);
    // Killed while writing the tensors, and killed between the tensors and the JSON.
    fs::write(folder.path().join(tensors_of(2) + ".tmp"), b"half").unwrap();
    save_tensors(&folder.path().join(tensors_of(2)), &tensors(2.0), None).unwrap();
    assert_eq!(note(folder.path()), 1);
    save(folder.path(), 3, &3_u64, &tensors(3.0)).unwrap();
    assert_eq!(file_names(folder.path()), [json_of(1), tensors_of(1), json_of(3), tensors_of(3)]);
}

#[test]
fn a_bit_that_flipped_anywhere_is_told() {
    let folder = saved([1]);
    for name in [tensors_of(1), json_of(1)] {
        let path = folder.path().join(name);
        let whole = fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            fs::write(&path, damaged).unwrap();
            let error = load::<u64>(folder.path()).unwrap_err();
            assert!(message(&error).contains("checkpoint-0000000001."), "{place} of {path:?}: {error}");
        }
        fs::write(&path, whole).unwrap();
    }
    assert_eq!(note(folder.path()), 1);
}

#[test]
fn a_truncated_file_is_refused_by_its_digest() {
    let folder = saved([1]);
    let path = folder.path().join(tensors_of(1));
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let error = load::<u64>(folder.path()).unwrap_err();
    assert!(matches!(&error, LoadError::Digest { path: named } if *named == path), "{error}");
}

#[test]
fn where_the_newest_checkpoint_is_damaged_the_one_before_it_is_loaded_and_the_damage_told() {
    let folder = saved([1, 3]);
    fs::write(folder.path().join(tensors_of(3)), b"damaged").unwrap();
    let Loaded { note, tensors: loaded, passed_over } = load::<u64>(folder.path()).unwrap().unwrap();
    assert_eq!((note, values(&loaded)[0]), (1, 1.0));
    assert!(message(&passed_over[0]).contains(&tensors_of(3)), "{passed_over:?}");
    // A save before the damaged one's step makes it the past.
    save(folder.path(), 2, &2_u64, &tensors(2.0)).unwrap();
    assert_eq!(file_names(folder.path()), [json_of(1), tensors_of(1), json_of(2), tensors_of(2)]);
}

#[test]
fn values_that_are_not_finite_are_not_saved_over_good_ones() {
    let folder = saved([1]);
    let error = save(folder.path(), 2, &2_u64, &tensors(f32::NAN)).unwrap_err();
    assert!(error.to_string().contains("tensor `layer.weight` holds a value that is not finite"), "{error}");
    assert_eq!(note(folder.path()), 1);
}

#[test]
fn a_file_with_a_value_that_is_not_finite_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    fs::write(&path, safetensors::serialize(&tensors(f32::INFINITY), None).unwrap()).unwrap();
    let error = load_tensors(&path).unwrap_err();
    assert!(message(&error).contains("tensor `layer.weight` holds a value that is not finite"), "{error}");
}

#[test]
fn weights_cut_anywhere_are_refused_and_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    save_tensors(&path, &tensors(1.0), Some("a note")).unwrap();
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let error = load_tensors(&path).unwrap_err();
        assert!(message(&error).contains("cut short, or no safetensors file"), "{length}: {error}");
    }
}

#[test]
fn a_note_travels_with_the_weights_and_equal_content_gives_equal_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a", "b"].map(|name| folder.path().join(name));
    for path in &paths {
        save_tensors(path, &tensors(1.0), Some("{\"backbone\":\"small\"}")).unwrap();
    }
    assert_eq!(load_tensors(&paths[0]).unwrap().1.as_deref(), Some("{\"backbone\":\"small\"}"));
    assert_eq!(fs::read(&paths[0]).unwrap(), fs::read(&paths[1]).unwrap());
}

#[test]
fn a_checkpoint_of_the_first_version_is_refused_by_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let json = r#"{"version": 1, "tensors": "checkpoint-00000001.safetensors", "bytes": 96, "note": 1}"#;
    fs::write(folder.path().join("checkpoint.json"), json).unwrap();
    let error = load::<u64>(folder.path()).unwrap_err();
    assert!(message(&error).contains("its version is 1, and this program reads version 2"), "{error}");
}

#[test]
fn parts_of_one_file_are_told_apart_by_their_prefix() {
    let mut whole = Tensors::new();
    put(&mut whole, "network", tensors(1.0));
    put(&mut whole, "momentum", tensors(2.0));
    assert_eq!(whole.len(), 2);
    assert_eq!(values(&part(&whole, "network")), vec![1.0; 6]);
    assert_eq!(values(&part(&whole, "momentum")), vec![2.0; 6]);
}
