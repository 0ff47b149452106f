//! Which of the pickled dictionaries is the state dict of the backbone.

use super::{
    PthError,
    pickle::{Object, Pickled},
    storage::View,
};
use crate::checkpoint::shown;

/// Where training scripts keep the state dict of what they save.
const NESTED: &[&str] = &["state_dict", "backbone", "model", "state_dict_backbone", "model_state_dict"];
/// What `DataParallel` puts before every name.
const PARALLEL: &str = "module.";
/// Keys that are named in messages.
const NAMED: usize = 5;

/// Views of tensors by name.
pub(super) struct StateDict<'p> {
    pub(super) views: Vec<(&'p str, &'p View<'p>)>,
    /// What was taken for granted.
    pub(super) remarks: Vec<String>,
}

impl<'p> StateDict<'p> {
    /// The state dict itself, or the only one under a usual key.
    pub(super) fn find(pickled: &'p Pickled<'_>) -> Result<Self, PthError> {
        let root =
            dict(pickled, pickled.root()).ok_or(PthError::NoStateDict { found: "another object".into() })?;
        let nested = |(key, value): &(&'p str, &'p Object<'p>)| {
            let entries = dict(pickled, value).filter(|entries| holds_tensors(entries))?;
            NESTED.contains(key).then_some((*key, entries))
        };
        let mut found: Vec<_> = root.iter().filter_map(nested).collect();
        match (found.pop(), found.is_empty()) {
            (Some((key, entries)), true) => Self::of(&entries, Some(key)),
            (Some((key, _)), false) => Err(PthError::Several(
                found.iter().map(|(key, _)| *key).chain([key]).map(str::to_owned).collect(),
            )),
            (None, _) if holds_tensors(&root) => Self::of(&root, None),
            (None, _) => Err(PthError::NoStateDict { found: keys(&root) }),
        }
    }

    fn of(entries: &[(&'p str, &'p Object<'p>)], key: Option<&str>) -> Result<Self, PthError> {
        let mut remarks: Vec<String> =
            key.map(|key| format!("the weights are those under `{key}`")).into_iter().collect();
        let is_parallel = entries.iter().all(|(name, _)| name.starts_with(PARALLEL));
        if is_parallel {
            remarks.push(format!("`{PARALLEL}` is taken off the names of the weights"));
        }
        let view = |&(name, object): &(&'p str, &'p Object<'p>)| {
            let Object::Tensor(view) = object else {
                return Err(PthError::Tensor { name: shown(name), problem: "is no tensor".to_owned() });
            };
            Ok((if is_parallel { &name[PARALLEL.len()..] } else { name }, &**view))
        };
        Ok(Self { views: entries.iter().map(view).collect::<Result<_, _>>()?, remarks })
    }
}

/// The entries of a dictionary whose keys are all texts.
fn dict<'p>(pickled: &'p Pickled<'_>, object: &'p Object<'p>) -> Option<Vec<(&'p str, &'p Object<'p>)>> {
    let Object::Dict(entries) = object else { return None };
    let entry = |&(key, value): &(usize, usize)| {
        let Object::Text(key) = pickled.object(key) else { return None };
        Some((*key, pickled.object(value)))
    };
    entries.iter().map(entry).collect()
}

fn holds_tensors(entries: &[(&str, &Object<'_>)]) -> bool {
    entries.iter().any(|(_, object)| matches!(object, Object::Tensor(_)))
}

fn keys(entries: &[(&str, &Object<'_>)]) -> String {
    let named: Vec<_> = entries.iter().take(NAMED).map(|(key, _)| format!("`{}`", shown(key))).collect();
    let more = if entries.len() > NAMED { ", …" } else { "" };
    if named.is_empty() { "nothing".to_owned() } else { format!("keys {}{more}", named.join(", ")) }
}
