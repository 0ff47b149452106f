//! No image of a test may have been seen in training.

use arclab_data::PrepareError;
use arclab_spec::config::{Dataset, PairSource};

use crate::support::{Place, chain, data, evaluation, given, listed, picture};

const SPLIT: &str = "path,identity,split
p00/00.png,ann,train
p00/01.png,ann,validation
p01/00.png,bob,train
";

fn refused(place: &Place, pairs: PairSource) -> String {
    let data = data(Dataset::Folder(place.faces()), given(place.write("split.csv", SPLIT)));
    let error = place.prepare(&data, &evaluation(0, [("test", pairs)])).unwrap_err();
    assert!(matches!(error, PrepareError::Leak(_)), "{}", chain(&error));
    chain(&error)
}

#[test]
fn a_training_image_in_a_pair_is_refused_by_name() {
    let place = Place::with_faces(3, 4);
    let list = place.write("pairs.csv", "a,b,same\np00/00.png,p00/02.png,1\np01/00.png,p02/00.png,0\n");
    let text = refused(&place, listed(list));
    assert_eq!(
        text,
        "2 images of the pairs of `test` are among those that train or validate: p00/00.png, p01/00.png"
    );
}

#[test]
fn a_validation_image_in_a_pair_is_refused() {
    let place = Place::with_faces(3, 4);
    let list = place.write("pairs.csv", "a,b,same\np00/01.png,p00/02.png,1\np00/02.png,p02/00.png,0\n");
    assert!(refused(&place, listed(list)).contains("p00/01.png"));
}

#[test]
fn a_copy_under_another_name_in_another_folder_is_refused() {
    let place = Place::with_faces(3, 4);
    place.save("other/x/first.png", &picture(7, 7));
    place.save("other/x/second.png", &picture(1, 0));
    place.save("other/y/third.png", &picture(7, 8));
    let list = place.write("pairs.csv", "a,b,same\nx/first.png,x/second.png,1\nx/first.png,y/third.png,0\n");
    let text = refused(&place, PairSource::Listed { list, images: Some(place.path("other")) });
    assert!(
        text.ends_with(
            "1 images of the pairs of `test` are among those that train or validate: \
                            x/second.png (which is p01/00.png)"
        ),
        "{text}"
    );
}

#[test]
fn other_images_of_people_that_train_are_no_leak() {
    let place = Place::with_faces(3, 4);
    let data = data(Dataset::Folder(place.faces()), given(place.write("split.csv", SPLIT)));
    let list = place.write("pairs.csv", "a,b,same\np00/02.png,p00/03.png,1\np00/02.png,p02/00.png,0\n");
    assert!(place.prepare(&data, &evaluation(0, [("test", listed(list))])).is_ok());
}
