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

#[test]
fn what_was_saved_is_loaded_and_an_empty_folder_holds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(load::<u64>(folder.path()).unwrap().is_none());
    save(folder.path(), 7, &42_u64, &tensors(0.5)).unwrap();
    let (note, loaded) = load::<u64>(folder.path()).unwrap().unwrap();
    assert_eq!((note, values(&loaded)), (42, vec![0.5; 6]));
}

#[test]
fn a_new_checkpoint_takes_the_place_of_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    for step in 1..4 {
        save(folder.path(), step, &step, &tensors(step as f32)).unwrap();
    }
    let (note, loaded) = load::<u64>(folder.path()).unwrap().unwrap();
    assert_eq!((note, values(&loaded)[0]), (3, 3.0));
    assert_eq!(file_names(folder.path()), ["checkpoint-00000003.safetensors", "checkpoint.json"]);
}

#[test]
fn a_save_that_was_cut_short_leaves_the_earlier_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), 1, &1_u64, &tensors(1.0)).unwrap();
    // Killed while writing the tensors, and killed between the tensors and the JSON.
    fs::write(folder.path().join("checkpoint-00000002.safetensors.tmp"), b"half").unwrap();
    save_tensors(&folder.path().join("checkpoint-00000002.safetensors"), &tensors(2.0), None).unwrap();
    assert_eq!(load::<u64>(folder.path()).unwrap().unwrap().0, 1);
    save(folder.path(), 3, &3_u64, &tensors(3.0)).unwrap();
    assert_eq!(file_names(folder.path()), ["checkpoint-00000003.safetensors", "checkpoint.json"]);
}

#[test]
fn values_that_are_not_finite_are_not_saved_over_good_ones() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), 1, &1_u64, &tensors(1.0)).unwrap();
    let error = save(folder.path(), 2, &2_u64, &tensors(f32::NAN)).unwrap_err();
    assert!(error.to_string().contains("tensor `layer.weight` holds a value that is not finite"), "{error}");
    assert_eq!(load::<u64>(folder.path()).unwrap().unwrap().0, 1);
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
fn a_truncated_file_is_refused_by_length() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), 1, &1_u64, &tensors(1.0)).unwrap();
    let path = folder.path().join("checkpoint-00000001.safetensors");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let error = load::<u64>(folder.path()).unwrap_err();
    let expected = format!("it has {} bytes where {} were written", whole.len() - 1, whole.len());
    assert!(message(&error).contains(&expected), "{error}");
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
fn another_version_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(JSON), r#"{"version": 9, "other": true}"#).unwrap();
    let error = load::<u64>(folder.path()).unwrap_err();
    assert!(message(&error).contains("its version is 9, and this program reads version 1"), "{error}");
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
