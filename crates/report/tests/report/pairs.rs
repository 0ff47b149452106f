//! Single pairs, and slices of pair lists.

use arclab_metrics::ResolvedPolicy;
use arclab_report::{
    Album, AttributeColumn, Change, ErrorKind, Format, PairList, Photo, Picture, ProtocolResult, SliceError,
    Slices, changed_pairs, contact_sheet, correct_trends, errors_listing, errors_page, slices_table,
    trends_table, wrong_pairs,
};
use arclab_spec::VariantName;

use crate::support::{Random, result};

/// Two pairs of one person and two of two.
fn list() -> PairList {
    PairList {
        same: vec![true, true, false, false],
        folds: None,
        people: vec![[0, 0], [1, 1], [0, 1], [0, 2]],
        images: [["a/1", "a/2"], ["b/1", "b/2"], ["a/1", "b/1"], ["a/2", "c/<1>"]]
            .map(|pair| pair.map(str::to_owned))
            .to_vec(),
    }
}

fn scored(scores: [f32; 4]) -> ProtocolResult {
    result("open", &list(), scores.to_vec(), ResolvedPolicy::Fixed { threshold: 0.5 })
}

const BRIGHTNESS: AttributeColumn = AttributeColumn {
    name: "brightness",
    unit: "",
    gap_unit: "",
    about: "mean luma",
    gap: |a, b| (a - b).abs(),
};

/// Each image a little brighter than the one before.
fn album() -> Album {
    let names = ["a/1", "a/2", "b/1", "b/2", "c/<1>"];
    let photo = |(place, name): (usize, &&str)| {
        let picture = Picture { size: 2, rgb: vec![place as u8 * 50; 12] };
        ((*name).to_owned(), Photo { values: vec![Some(0.1 * place as f64)], picture: Some(picture) })
    };
    Album {
        attributes: vec![BRIGHTNESS],
        photos: names.iter().enumerate().map(photo).collect(),
        gaps: vec![[vec![0.0; 30], vec![0.1; 30]]],
    }
}

#[test]
fn wrong_pairs_come_with_the_most_wrong_first() {
    let wrong = wrong_pairs(&scored([0.4, 0.9, 0.55, 0.9]), &list()).unwrap();
    let found: Vec<_> = wrong.iter().map(|pair| (pair.place, pair.kind)).collect();
    assert_eq!(
        found,
        [(3, ErrorKind::FalsePositive), (0, ErrorKind::FalseNegative), (2, ErrorKind::FalsePositive)]
    );
    assert!((wrong[0].beyond() - 0.4).abs() < 1e-6 && (wrong[1].beyond() - 0.1).abs() < 1e-6);
}

#[test]
fn a_score_on_the_threshold_is_called_different() {
    let wrong = wrong_pairs(&scored([0.5, 0.9, 0.5, 0.1]), &list()).unwrap();
    assert_eq!(wrong.iter().map(|pair| pair.place).collect::<Vec<_>>(), [0]);
}

#[test]
fn what_another_run_mends_and_breaks_comes_with_the_most_wrong_first() {
    let changed =
        changed_pairs(&scored([0.4, 0.9, 0.95, 0.1]), &scored([0.8, 0.1, 0.2, 0.1]), &list()).unwrap();
    let found: Vec<_> = changed
        .iter()
        .map(|pair| (pair.place, pair.other.map(|(held, change)| (held.score as f32, change))))
        .collect();
    let expected = [
        (2, Some((0.2, Change::Mended))),
        (1, Some((0.1, Change::Broken))),
        (0, Some((0.8, Change::Mended))),
    ];
    assert_eq!(found, expected);
    // A broken pair is as wrong as the run that breaks it has it.
    assert!((changed[1].beyond() - 0.4).abs() < 1e-6);
}

#[test]
fn scores_of_another_list_are_refused() {
    let mut short = list();
    short.same.pop();
    let error = wrong_pairs(&scored([0.4, 0.9, 0.55, 0.9]), &short).unwrap_err().to_string();
    assert_eq!(error, "4 scores for 3 pairs");
}

#[test]
fn a_listing_names_what_is_unusual_for_people_and_all_values_for_programs() {
    let pairs = wrong_pairs(&scored([0.4, 0.9, 0.55, 0.1]), &list()).unwrap();
    let text =
        errors_listing("wrong", &pairs, &list(), &album(), false).render(Format::Text { colour: false });
    insta::assert_snapshot!(text, @r"
    wrong
    Pair  Kind  Image a  Image b  Score  Threshold  Beyond  Unusual gaps
    ────────────────────────────────────────────────────────────────────────────────
       0  FN    a/1      a/2      0.400      0.500   0.100  -
       2  FP    a/1      b/1      0.550      0.500   0.050  brightness 0.20 (top 1%)
    Unusual gaps: by what both images differ more than 19 of 20 pairs of the list
      with the same label.
    ");
    let json = errors_listing("wrong", &pairs, &list(), &album(), true).render(Format::Json);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let gap = json[1]["brightness_gap"].as_f64().unwrap();
    assert!((gap - 0.2).abs() < 1e-9, "{json}");
    assert_eq!(json[0]["kind"], "FN");
}

#[test]
fn a_page_holds_each_image_once_and_no_markup_of_a_name() {
    let pairs = wrong_pairs(&scored([0.4, 0.9, 0.55, 0.9]), &list()).unwrap();
    let page = errors_page("Wrong", "now", &pairs, &list(), &album());
    // a/1, a/2, b/1 and c/<1> are in three pairs.
    assert_eq!(page.matches("url(data:image/png;base64,").count(), 4);
    assert_eq!(page.matches("<article").count(), 3);
    assert!(page.contains("c/&lt;1&gt;") && !page.contains("c/<1>"));
    assert!(!page.contains("http") && !page.contains("{{"));
}

#[test]
fn a_contact_sheet_shows_the_images_and_none_is_drawn_of_nothing() {
    let pairs = wrong_pairs(&scored([0.4, 0.9, 0.55, 0.9]), &list()).unwrap();
    let png = contact_sheet("Wrong", &pairs, &list(), &album()).unwrap();
    let sheet = image::load_from_memory(&png).unwrap().to_rgb8();
    // The most wrong pair's images, a/2 and c/<1>, side by side.
    assert_eq!((sheet.get_pixel(20, 50).0, sheet.get_pixel(12 + 112 + 5, 50).0), ([50; 3], [200; 3]));
    assert_eq!(contact_sheet("Wrong", &[], &list(), &album()), None);
    let without = Album { photos: std::collections::BTreeMap::new(), ..album() };
    assert_eq!(contact_sheet("Wrong", &pairs, &list(), &without), None);
}

/// 400 pairs of one person and 400 of two, of whom same ones are missed the more the farther they are apart.
fn sliced(wanted: usize) -> Slices {
    let mut random = Random(5);
    let count = 800;
    let gaps: Vec<Option<f64>> =
        (0..count).map(|pair| (pair % 20 != 19).then(|| f64::from(pair * 7 % 100))).collect();
    let list = PairList {
        same: (0..count).map(|pair| pair % 2 == 0).collect(),
        folds: None,
        people: (0..count as u32)
            .map(|pair| if pair % 2 == 0 { [pair; 2] } else { [pair, pair + 1] })
            .collect(),
        images: vec![],
    };
    let score = |pair: usize| {
        let away = 0.004 * gaps[pair].unwrap_or(0.0);
        let mean = if list.same[pair] { 0.6 - away } else { 0.2 };
        (mean + 0.15 * random.normal()).clamp(-1.0, 1.0) as f32
    };
    let scores: Vec<f32> = (0..count as usize).map(score).collect();
    let result = result("open", &list, scores, ResolvedPolicy::Fixed { threshold: 0.4 });
    let variant = VariantName::new("baseline").expect("a name");
    let mut slices =
        [Slices::new(&[(variant, vec![&result])], &list, &gaps, wanted).expect("a list that can be sliced")];
    correct_trends(&mut slices);
    let [slices] = slices;
    slices
}

#[test]
fn slices_hold_every_pair_that_has_the_attribute_once() {
    let slices = sliced(4);
    assert_eq!(slices.bounds.len(), 4);
    let errors = &slices.variants[0];
    let counts: Vec<u64> = errors.false_negatives.slices.iter().map(|slice| slice.count).collect();
    // Every 20th pair has no gap, and is one of two people.
    assert_eq!(counts.iter().sum::<u64>(), 400);
    assert_eq!(errors.false_positives.slices.iter().map(|slice| slice.count).sum::<u64>(), 360);
    assert!(counts.iter().all(|count| (80..=120).contains(count)), "{counts:?}");
    assert!(slices.bounds.windows(2).all(|two| two[0][1] < two[1][0]));
}

#[test]
fn errors_that_rise_are_told_from_those_that_do_not() {
    let slices = sliced(5);
    let [negatives, positives] = [&slices.variants[0].false_negatives, &slices.variants[0].false_positives];
    assert!(negatives.corrected_p.unwrap() < 1e-6 && negatives.trend.unwrap().slope > 0.0);
    assert!(positives.corrected_p.unwrap() > 0.05, "{positives:?}");
    let tests = [("Open-set", &slices)];
    let tables = [slices_table(&tests, &BRIGHTNESS), trends_table(&tests, &BRIGHTNESS)];
    assert_eq!(tables[0].rows().len(), 5);
    insta::assert_snapshot!(tables[1].render(Format::Text { colour: false }), @r"
    Do errors rise with the brightness gap?
    Test      Variant   Errors         Smallest gaps          Largest gaps  Rise per unit         p  Corrected
    ──────────────────────────────────────────────────────────────────────────────────────────────────────────
    Open-set  baseline  FN      0.075 [0.034, 0.156]  0.887 [0.798, 0.940]        0.00978  < 0.0001   < 0.0001
    Open-set  baseline  FP      0.083 [0.038, 0.171]  0.097 [0.047, 0.189]       -0.00008      0.89       0.89
    p: Cochran and Armitage's test for trend over single pairs, with the variance of pairs that share people.
    Corrected: Holm, over the 2 trends here.
    ");
}

#[test]
fn a_list_without_the_attribute_or_with_one_value_is_not_sliced() {
    let result = scored([0.4, 0.9, 0.55, 0.1]);
    let of = |gaps: [Option<f64>; 4]| {
        let variant = VariantName::new("baseline").unwrap();
        Slices::new(&[(variant, vec![&result])], &list(), &gaps, 3).map(|slices| slices.bounds)
    };
    assert_eq!(of([None; 4]), Err(SliceError::Unknown));
    assert_eq!(of([Some(2.0), None, Some(2.0), Some(2.0)]), Err(SliceError::OneValue(2.0)));
    // Two values are two slices, whatever their shares.
    assert_eq!(of([Some(0.0), Some(1.0), Some(1.0), Some(1.0)]), Ok(vec![[0.0, 0.0], [1.0, 1.0]]));
    assert_eq!(of([Some(0.0), Some(0.0), Some(0.0), Some(1.0)]), Ok(vec![[0.0, 0.0], [1.0, 1.0]]));
}

#[test]
fn a_run_that_is_counted_twice_narrows_no_interval() {
    let result = scored([0.4, 0.9, 0.55, 0.1]);
    let of = |results: Vec<&ProtocolResult>| {
        let variant = VariantName::new("baseline").unwrap();
        let gaps = [Some(0.0), Some(1.0), Some(2.0), Some(3.0)];
        Slices::new(&[(variant, results)], &list(), &gaps, 2).unwrap()
    };
    assert_eq!(of(vec![&result, &result]), of(vec![&result]));
    // More slices than pairs are as many as there are pairs.
    let variant = VariantName::new("baseline").unwrap();
    let gaps = [Some(0.0), Some(1.0), Some(2.0), Some(3.0)];
    assert_eq!(Slices::new(&[(variant, vec![&result])], &list(), &gaps, usize::MAX).unwrap().bounds.len(), 4);
}

#[test]
fn bounds_are_shown_with_as_many_digits_as_tell_them_apart() {
    let result = scored([0.4, 0.9, 0.55, 0.1]);
    let variant = VariantName::new("baseline").unwrap();
    let gaps = [0.0012, 0.0031, 0.0044, 0.0058].map(Some);
    let slices = Slices::new(&[(variant, vec![&result])], &list(), &gaps, 4).unwrap();
    let text = slices_table(&[("Open-set", &slices)], &BRIGHTNESS).render(Format::Text { colour: false });
    assert!(text.contains("0.001") && text.contains("0.003") && text.contains("0.006"), "{text}");
}
