//! Parameters that training leaves as they are.
//!
//! A pattern is a parameter's name, or that of a part of the network, such as `layer1` or `layer2.0.bn1`, with all that
//! is in it; `*` stands for any characters. A frozen parameter has no part in the gradient's norm, in weight decay and
//! in what the optimiser remembers.
//!
//! The layers at the network's beginning that are frozen whole are evaluated in training, too: their batch norms use
//! the running statistics, which stay, and no gradient goes back to them. A network that is frozen to its end is
//! evaluated as a whole; elsewhere dropout drops, as what learns behind it learns from that. Further on only parameters
//! are frozen: the batch norms there normalise by the batch, and their running statistics follow, since what comes in
//! changes.

use crate::{
    backend::Backend,
    layers::Layer,
    network::Network,
    param::{Entry, Param},
    steps::Steps,
};

/// Names that are listed for a pattern that matches none.
const LISTED: usize = 12;

/// A pattern that matches no parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no parameter and no part of {network}: nearest are {}", listed(near))]
pub struct FreezeError {
    pattern: String,
    network: &'static str,
    near: Vec<String>,
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl<B: Backend> Network<B> {
    /// Freezes the parameters that `patterns` name, and no other.
    pub fn freeze(&mut self, patterns: &[String]) -> Result<(), FreezeError> {
        for pattern in patterns {
            if !self.params().iter().any(|param| covers(pattern, &param.name)) {
                return Err(self.unmatched(pattern));
            }
        }
        for param in self.params_mut() {
            param.frozen = patterns.iter().any(|pattern| covers(pattern, &param.name));
        }
        let all_is_frozen = self.params().iter().all(|param| param.frozen);
        let layers = &self.layers.0;
        self.fixed = if all_is_frozen {
            // Dropout, too: nothing behind it could learn from what it drops.
            layers.len()
        } else {
            layers.iter().take_while(|layer| is_frozen(&***layer)).count()
        };
        // They are others from here on.
        self.steps = Steps::First;
        Ok(())
    }

    /// Names that begin like `pattern`, those of parts first; where nothing does, the parts of the network.
    fn unmatched(&self, pattern: &str) -> FreezeError {
        let mut parts: Vec<String> = Vec::new();
        for param in self.params() {
            let ends = param.name.match_indices('.').map(|(at, _)| at).chain([param.name.len()]);
            for part in ends.map(|end| &param.name[..end]) {
                if !parts.iter().any(|known| known == part) {
                    parts.push(part.to_owned());
                }
            }
        }
        let alike = |name: &str| name.bytes().zip(pattern.bytes()).take_while(|(a, b)| a == b).count();
        let dots = |name: &String| name.matches('.').count();
        // Stable, so what is as near stays in the network's order.
        parts.sort_by_key(|name| (std::cmp::Reverse(alike(name)), dots(name)));
        parts.truncate(LISTED);
        FreezeError { pattern: pattern.to_owned(), network: self.kind().name(), near: parts }
    }
}

/// Whether all that a layer could learn is frozen. One that learns nothing is not: it may do something else in training.
fn is_frozen<B: Backend>(layer: &dyn Layer<B>) -> bool {
    let mut entries = Vec::new();
    layer.entries(&mut entries);
    let params: Vec<&Param<B>> = entries
        .iter()
        .filter_map(|entry| if let Entry::Param(param) = entry { Some(*param) } else { None })
        .collect();
    !params.is_empty() && params.iter().all(|param| param.frozen)
}

/// Whether `pattern` means `name`, or something that it is in.
fn covers(pattern: &str, name: &str) -> bool {
    matches(pattern, name) || name.match_indices('.').any(|(at, _)| matches(pattern, &name[..at]))
}

fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        // The first place leaves most for what follows.
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_a_parameter_or_all_of_a_part() {
        for (pattern, name) in [
            ("conv1.weight", "conv1.weight"),
            ("conv1", "conv1.weight"),
            ("layer1", "layer1.0.bn1.weight"),
            ("layer1.*", "layer1.0.bn1.weight"),
            ("*.bn1", "layer1.0.bn1.weight"),
            ("*bn*.bias", "layer1.0.bn1.bias"),
            ("layer*.1.*.weight", "layer2.1.conv2.weight"),
            ("*", "fc.bias"),
        ] {
            assert!(covers(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("layer1", "layer10.0.bn1.weight"),
            ("conv", "conv1.weight"),
            ("weight", "conv1.weight"),
            ("*.bn1", "bn1.weight"),
            ("a*b*b", "ab"),
            ("", "conv1.weight"),
        ] {
            assert!(!covers(pattern, name), "{pattern} {name}");
        }
    }
}
