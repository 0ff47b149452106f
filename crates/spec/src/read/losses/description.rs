//! The losses in words, for people.

use serde_json::{Map, Value as Json};

use super::{
    super::{loss::softmax, section::shown},
    KINDS, Kind, fields,
};

/// A loss, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LossDescription {
    /// As specs write it.
    pub name: &'static str,
    /// The logit of the own class; or a term of the loss, on pairs.
    pub formula: &'static str,
    /// Authors, name and where it appeared.
    pub paper: &'static str,
    /// When.
    pub year: u16,
    /// What can be set.
    pub parameters: Vec<ParameterDescription>,
}

/// A parameter of a loss, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterDescription {
    /// As specs write it, under `loss:`.
    pub key: String,
    /// What it is.
    pub meaning: String,
    /// Its value where nothing is said.
    pub default: String,
    /// An interval, with a round bracket for an end that is not included; or words.
    pub range: String,
}

/// All losses, the usual one first.
pub fn losses() -> Vec<LossDescription> {
    let described = |kind: &Kind| LossDescription {
        name: kind.name,
        formula: kind.formula,
        paper: kind.paper,
        year: kind.year,
        parameters: parameters(&kind.fields()),
    };
    KINDS.iter().map(described).collect()
}

/// What every loss on class centres takes beside its own parameters.
pub fn parameters_of_losses_on_centres() -> Vec<ParameterDescription> {
    parameters(&fields(&|loss| {
        softmax(loss);
    }))
}

fn parameters(fields: &Map<String, Json>) -> Vec<ParameterDescription> {
    fields.iter().map(|(key, schema)| parameter(key, schema)).collect()
}

fn parameter(key: &str, schema: &Json) -> ParameterDescription {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let range = match schema["enum"].as_array() {
        Some(words) => words.iter().map(text).collect::<Vec<_>>().join(", "),
        None => interval(schema),
    };
    ParameterDescription {
        key: key.to_owned(),
        meaning: text(&schema["description"]),
        default: shown(&schema["default"]),
        range,
    }
}

fn interval(schema: &Json) -> String {
    let end = |included: &str, excluded: &str, brackets: [&'static str; 2]| match schema.get(included) {
        Some(value) => (shown(value), brackets[0]),
        None => (shown(&schema[excluded]), brackets[1]),
    };
    let (low, open) = end("minimum", "exclusiveMinimum", ["[", "("]);
    let (high, close) = end("maximum", "exclusiveMaximum", ["]", ")"]);
    let whole = if schema["type"] == "integer" { ", whole" } else { "" };
    format!("{open}{low}, {high}{close}{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::section::{Reading, Section};

    #[test]
    fn every_loss_is_described_with_all_that_its_configuration_holds() {
        let described = losses();
        for (kind, loss) in KINDS.iter().zip(&described) {
            let reading = Reading::new(&|_| None);
            let config = (kind.read)(&mut Section::new(&reading, None, "loss"));
            let json = serde_json::to_value(config).unwrap();
            assert_eq!(json["name"], loss.name);
            for (key, value) in json.as_object().unwrap().iter().filter(|(key, _)| *key != "name") {
                let parameter = loss.parameters.iter().find(|parameter| parameter.key == *key);
                let parameter = parameter.unwrap_or_else(|| panic!("{} does not tell of {key}", loss.name));
                assert_eq!(parameter.default, shown(value), "{}.{key}", loss.name);
                assert!(!parameter.range.is_empty() && !parameter.meaning.is_empty(), "{parameter:?}");
            }
            assert!(!loss.formula.is_empty() && !loss.paper.is_empty() && loss.year > 2000, "{loss:?}");
        }
    }

    #[test]
    fn ranges_are_intervals_or_words() {
        let ranges: Vec<String> = losses()[0].parameters.iter().map(|one| one.range.clone()).collect();
        assert_eq!(ranges, ["(0, 1000]", "[0, 1.57]", "none, linear, easy, clip", "exact, straight_through"]);
        let centres = losses()[1].parameters.iter().find(|one| one.key == "centres").unwrap().range.clone();
        assert_eq!(centres, "[2, 32], whole");
    }
}
