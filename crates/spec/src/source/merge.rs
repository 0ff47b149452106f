//! One document on top of another: what `extends` and `--set` mean.

use super::{Entry, Node, Value};
use crate::read::superseded_keys;

/// `loss.margin`, of `loss` and `margin`.
pub(crate) fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

impl Node {
    /// This value with what `over` says on top. Mappings are merged key by key, everything else is replaced; null
    /// stays, for the reader to take for nothing or to complain of. A choice of another kind (a folder
    /// over the embedded faces) takes away what belongs to the kind below.
    pub(crate) fn merged(self, over: Self) -> Self {
        merged(self, over, &mut Vec::new())
    }
}

/// `path` is where the value stands: key by key, since a test's name may have dots.
fn merged(under: Node, over: Node, path: &mut Vec<String>) -> Node {
    let superseded = superseded(path, &under, &over);
    let (mut below, above) = match (under.value, over.value) {
        (Value::Map(below), Value::Map(above)) => (below, above),
        (_, value) => return Node { value, place: over.place },
    };
    below.retain(|entry| !superseded.contains(&entry.key));
    for entry in above {
        match below.iter_mut().find(|under| under.key == entry.key) {
            Some(under) => {
                path.push(entry.key.clone());
                let node = merged(under.node.clone(), entry.node, path);
                path.pop();
                *under = Entry { node, ..entry };
            }
            None => below.push(entry),
        }
    }
    Node { value: Value::Map(below), place: over.place }
}

/// A mapping that is of one of several kinds.
struct Choice {
    /// Where it stands; `*` is any one key.
    path: &'static [&'static str],
    kinds: &'static [Kind],
}

/// One kind: the key that says so, and others that mean something in this kind only.
struct Kind {
    key: &'static str,
    its_own: &'static [&'static str],
}

const fn kind(key: &'static str, its_own: &'static [&'static str]) -> Kind {
    Kind { key, its_own }
}

const THRESHOLDS: &[Kind] = &[kind("k_fold", &[]), kind("k_fold_exact", &[]), kind("fixed", &[])];

const CHOICES: &[Choice] = &[
    Choice { path: &["data", "dataset"], kinds: &[kind("synthetic", &[]), kind("folder", &[])] },
    Choice {
        path: &["data", "split"],
        kinds: &[kind("file", &[]), kind("open_identities", &["closed_images"])],
    },
    Choice {
        path: &["evaluation", "protocols", "*"],
        kinds: &[kind("draw", &["pairs", "mislabelled"]), kind("list", &["images"])],
    },
    Choice { path: &["schedule"], kinds: &[kind("milestones", &[]), kind("every_epochs", &[])] },
    Choice { path: &["evaluation", "threshold"], kinds: THRESHOLDS },
    Choice { path: &["evaluation", "protocols", "*", "threshold"], kinds: THRESHOLDS },
];

/// A section that has one of several names.
struct Named {
    section: &'static str,
    /// The name where none is written.
    usual: &'static str,
    /// Keys that mean something beside one name only, or something else beside another: a learning rate that suits SGD
    /// is far beyond what suits `AdamW`.
    of_one: &'static [&'static str],
    /// Names, each with keys that mean something beside all others.
    not_of: &'static [(&'static str, &'static [&'static str])],
}

const NAMED: &[Named] = &[
    Named {
        section: "optimizer",
        usual: "sgd",
        of_one: &["learning_rate", "weight_decay", "momentum", "nesterov", "beta1", "beta2", "epsilon"],
        not_of: &[],
    },
    Named {
        section: "schedule",
        usual: "polynomial",
        of_one: &["power", "milestones", "every_epochs", "factor", "rise", "start_divisor", "end_divisor"],
        not_of: &[("one_cycle", &["warmup_epochs"])],
    },
];

/// Keys of `under` that mean nothing beside what `over` chooses.
fn superseded(path: &[String], under: &Node, over: &Node) -> Vec<String> {
    let chosen = |kind: &&Kind| over.get(kind.key).is_some_and(|node| !node.is_null());
    let mut keys = Vec::new();
    for choice in CHOICES.iter().filter(|choice| is_at(choice.path, path)) {
        if choice.kinds.iter().any(|kind| chosen(&kind)) {
            let others = choice.kinds.iter().filter(|kind| !chosen(kind));
            keys.extend(
                others.flat_map(|kind| kind.its_own.iter().copied().chain([kind.key])).map(str::to_owned),
            );
        }
    }
    let name = |node: &Node| node.get("name").and_then(Node::scalar).map(str::to_owned);
    let named = NAMED.iter().find(|named| is_at(&[named.section], path));
    if let (Some(named), Some(new)) = (named, name(over)) {
        if name(under).unwrap_or_else(|| named.usual.to_owned()) != new {
            keys.extend(named.of_one.iter().map(|key| (*key).to_owned()));
        }
        let without = named.not_of.iter().filter(|(name, _)| *name == new);
        keys.extend(without.flat_map(|(_, keys)| *keys).map(|key| (*key).to_owned()));
    }
    // Which of its keys another loss has, too, the losses say themselves.
    if let Some(new) = name(over).filter(|new| is_at(&["loss"], path) && name(under).as_ref() != Some(new)) {
        keys.extend(superseded_keys(name(under).as_deref(), &new));
    }
    keys
}

fn is_at(pattern: &[&str], path: &[String]) -> bool {
    pattern.len() == path.len() && pattern.iter().zip(path).all(|(part, key)| *part == "*" || part == key)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::{Origin, SourceFile, parse};

    fn document(text: &str) -> Node {
        let source = SourceFile { origin: Origin::CommandLine, text: text.to_owned() };
        parse(&Arc::new(source)).unwrap().0
    }

    fn merged(under: &str, over: &str) -> String {
        document(under).merged(document(over)).inline()
    }

    #[test]
    fn mappings_are_merged_and_lists_replaced() {
        let under = "{loss: {scale: 64, margin: 0.5}, training: {seeds: [0, 1]}}";
        let over = "{loss: {margin: 0.8}, training: {seeds: [2]}}";
        assert_eq!(merged(under, over), "{loss: {scale: 64, margin: 0.8}, training: {seeds: [2]}}");
    }

    #[test]
    fn another_kind_of_data_set_takes_the_first_ones_settings_away() {
        let under = "{data: {dataset: {synthetic: {identities: 9}}, image_size: 64}}";
        let over = "{data: {dataset: {folder: faces}}}";
        assert_eq!(merged(under, over), "{data: {dataset: {folder: faces}, image_size: 64}}");
    }

    #[test]
    fn a_split_keeps_what_both_kinds_have() {
        let under = "{data: {split: {open_identities: 0.2, closed_images: 0.1, seed: 7}}}";
        let given = "{data: {split: {file: split.csv}}}";
        assert_eq!(merged(under, given), "{data: {split: {seed: 7, file: split.csv}}}");
    }

    #[test]
    fn one_share_of_a_drawn_split_keeps_the_other() {
        let under = "{data: {split: {closed_images: 0.1}}}";
        let over = "{data: {split: {open_identities: 0.3}}}";
        assert_eq!(merged(under, over), "{data: {split: {closed_images: 0.1, open_identities: 0.3}}}");
    }

    #[test]
    fn another_schedule_keeps_the_warm_up_and_drops_the_power() {
        let under = "{schedule: {name: polynomial, power: 2, warmup_epochs: 1}}";
        let over = "{schedule: {name: cosine}}";
        assert_eq!(merged(under, over), "{schedule: {name: cosine, warmup_epochs: 1}}");
        assert_eq!(merged(under, "{schedule: {name: polynomial}}"), under);
    }

    #[test]
    fn another_loss_keeps_what_it_has_and_drops_the_rest() {
        let under = "{loss: {name: arcface, scale: 30, margin: 0.4, gradient: exact, focal: 2}}";
        let over = |name: &str| merged(under, &format!("{{loss: {{name: {name}}}}}"));
        assert_eq!(over("cosface"), "{loss: {name: cosface, scale: 30, margin: 0.4, focal: 2}}");
        assert_eq!(over("normface"), "{loss: {name: normface, scale: 30, focal: 2}}");
        assert_eq!(over("adacos"), "{loss: {name: adacos, focal: 2}}");
        assert_eq!(over("arcface"), under);
        // Pairs and class centres have nothing in common, whatever the keys are called.
        assert_eq!(over("circle"), "{loss: {name: circle}}");
        assert_eq!(merged("{loss: {margin: 0.4}}", "{loss: {name: triplet}}"), "{loss: {name: triplet}}");
        let triplet = "{loss: {name: triplet, margin: 0.2, miner: hard}}";
        assert_eq!(merged(triplet, "{loss: {name: arcface}}"), "{loss: {name: arcface}}");
        assert_eq!(merged(triplet, "{loss: {name: supcon}}"), "{loss: {name: supcon}}");
        // What is no loss is reported later, and alone.
        assert_eq!(over("archface"), under.replace("arcface", "archface"));
    }

    #[test]
    fn one_cycle_drops_the_warm_up_too_for_it_has_its_own() {
        let under = "{schedule: {name: cosine, warmup_epochs: 1}}";
        let over = "{schedule: {name: one_cycle, rise: 0.2}}";
        assert_eq!(merged(under, over), "{schedule: {name: one_cycle, rise: 0.2}}");
        assert_eq!(merged(over, under), "{schedule: {name: cosine, warmup_epochs: 1}}");
    }

    #[test]
    fn milestones_take_the_place_of_a_regular_fall() {
        let under = "{schedule: {name: step, every_epochs: 10, factor: 0.2}}";
        let over = "{schedule: {milestones: [5, 8]}}";
        assert_eq!(merged(under, over), "{schedule: {name: step, factor: 0.2, milestones: [5, 8]}}");
    }

    #[test]
    fn another_optimiser_keeps_the_clipping_and_drops_the_learning_rate() {
        let under = "{optimizer: {learning_rate: 0.05, momentum: 0.9, clip_norm: 5, head_rate: 10}}";
        let over = "{optimizer: {name: adamw, beta2: 0.95}}";
        assert_eq!(
            merged(under, over),
            "{optimizer: {clip_norm: 5, head_rate: 10, name: adamw, beta2: 0.95}}"
        );
    }

    #[test]
    fn the_usual_name_is_no_other_one_than_none() {
        let under = "{optimizer: {learning_rate: 0.05}}";
        let over = "{optimizer: {name: sgd}}";
        assert_eq!(merged(under, over), "{optimizer: {learning_rate: 0.05, name: sgd}}");
    }

    #[test]
    fn a_drawn_test_becomes_a_listed_one_and_keeps_its_threshold() {
        let under = "{evaluation: {protocols: {v1.2: {draw: open_test, pairs: 10, threshold: k_fold}}}}";
        let over = "{evaluation: {protocols: {v1.2: {list: pairs.csv}}}}";
        let expected = "{evaluation: {protocols: {v1.2: {threshold: k_fold, list: pairs.csv}}}}";
        assert_eq!(merged(under, over), expected);
    }
}
