use super::*;

const SIZE: u32 = 24;

fn image() -> Vec<u8> {
    let values = |n: u32| [n * 7 % 256, n * n % 251, n / 3 % 256].map(|value| value as u8);
    (0..SIZE * SIZE).flat_map(values).collect()
}

/// The same number for each image.
const fn always(number: f64) -> Varied {
    Varied { probability: 1.0, min: number, max: number }
}

const EVERYTHING: Augment = Augment {
    crop: Some(Crop { probability: 0.8, min_side: 0.5, max_side: 1.0, shift: 0.2 }),
    brightness: Some(Varied { probability: 0.6, min: 0.5, max: 1.5 }),
    contrast: Some(Varied { probability: 0.6, min: 0.5, max: 1.5 }),
    blur: Some(Varied { probability: 0.4, min: 0.3, max: 2.0 }),
    low_resolution: Some(Varied { probability: 0.4, min: 0.2, max: 0.9 }),
    jpeg_quality: Some(Varied { probability: 0.4, min: 10.0, max: 90.0 }),
    cutout: Some(Varied { probability: 0.4, min: 0.1, max: 0.5 }),
    flip: 0.5,
    grey: 0.3,
    ..Augment::NONE
};

fn chance(augment: Augment) -> Chance {
    Chance { augment, colour: ColourMode::Rgb, seed: 4 }
}

#[test]
fn brightness_comes_before_contrast_whose_mean_is_that_of_the_brighter_image() {
    let augment = Augment { brightness: Some(always(0.5)), contrast: Some(always(0.0)), ..Augment::NONE };
    let mut pixels = vec![100; 3 * 4];
    chance(augment).draw(0, 0, 2).begin(&mut pixels, 2).apply(&mut pixels, 2);
    assert_eq!(pixels, [50; 12]);
}

#[test]
fn light_comes_before_what_a_device_cannot_do_and_is_left_to_it_otherwise() {
    let light = Augment { brightness: Some(always(0.5)), crop: EVERYTHING.crop, ..Augment::NONE };
    let left = chance(light).draw(0, 0, SIZE).begin(&mut image(), SIZE);
    assert!(left.light.is_some());
    let painted = Augment { cutout: Some(always(1.0)), ..light };
    let mut pixels = image();
    let left = chance(painted).draw(0, 0, SIZE).begin(&mut pixels, SIZE);
    // The grey of the square is no darker for it.
    assert!(left == Change::default() && pixels.contains(&128));
}

#[test]
fn what_is_not_asked_for_leaves_the_draws_of_all_else_as_they_are() {
    for number in 0..50 {
        let all = chance(EVERYTHING).draw(1, number, SIZE);
        let some = Augment { cutout: None, blur: None, crop: None, ..EVERYTHING };
        let expected = Drawn { cutout: None, blur: None, crop: None, ..all };
        assert_eq!(chance(some).draw(1, number, SIZE), expected);
    }
}

#[test]
fn a_probability_is_the_share_of_images_that_are_changed_and_ends_are_kept() {
    let drawn: Vec<Drawn> = (0..2000).map(|number| chance(EVERYTHING).draw(0, number, SIZE)).collect();
    let blurs: Vec<f64> = drawn.iter().filter_map(|drawn| drawn.blur).collect();
    // Five standard deviations of a binomial.
    assert!((690..910).contains(&blurs.len()), "{}", blurs.len());
    let (least, most) = blurs.iter().fold((f64::MAX, 0.0_f64), |(a, b), &x| (a.min(x), b.max(x)));
    assert!((0.3..0.32).contains(&least) && (1.98..2.0).contains(&most), "{least} {most}");
    for Window { side, left_top } in drawn.iter().filter_map(|drawn| drawn.crop) {
        // A fifth of 24 pixels is 5.
        assert!((12..=24).contains(&side), "{side}");
        assert!(left_top.iter().all(|&first| first >= -5 && first + side as isize <= 29), "{left_top:?}");
    }
}

#[test]
fn every_image_of_every_epoch_is_changed_in_its_own_way() {
    let changed = |epoch, number| {
        let mut pixels = image();
        chance(EVERYTHING).draw(epoch, number, SIZE).begin(&mut pixels, SIZE).apply(&mut pixels, SIZE);
        pixels
    };
    assert!(changed(2, 3) == changed(2, 3));
    assert!(changed(2, 3) != changed(1, 3) && changed(2, 3) != changed(2, 4));
}
