//! Every kernel compiles for the GPUs that people have.

#![expect(clippy::print_stderr, reason = "a test that cannot go on says why it was skipped")]

use arclab_gpu::{Element, GpuError, compile};

/// A100, RTX 40, H100 and H200.
const ARCHITECTURES: [&str; 3] = ["compute_80", "compute_89", "compute_90"];

#[test]
fn every_kernel_compiles_for_every_kind_of_number_and_gpu() {
    for architecture in ARCHITECTURES {
        for element in Element::ALL {
            match compile(element, architecture, None) {
                Ok(compiled) => assert!(compiled.contains(".entry images"), "{compiled}"),
                Err(GpuError::Missing { library }) => {
                    assert!(std::env::var_os("ARCLAB_TEST_NVRTC").is_none(), "{library} was promised");
                    eprintln!("skipped: {library} is not on this machine");
                    return;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn a_kernel_that_was_compiled_is_taken_from_the_cache() {
    let cache = tempfile::tempdir().unwrap();
    let Ok(compiled) = compile(Element::Float32, "compute_90", Some(cache.path())) else {
        eprintln!("skipped: NVRTC is not on this machine");
        return;
    };
    let kept =
        std::fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    assert_eq!(std::fs::read_to_string(&kept[0]).unwrap(), compiled);
    std::fs::write(&kept[0], "from the cache").unwrap();
    assert_eq!(compile(Element::Float32, "compute_90", Some(cache.path())).unwrap(), "from the cache");
}
