//! Text to [`Filter`] and [`Sort`].

use std::str::FromStr;

use arclab_spec::{InvalidName, ProtocolName};

use super::{Comparison, Filter, Measure, NumberField, Sort, SortKey, Term, TextField, measured};

/// The words for a run's state.
const STATES: [&str; 5] = ["queued", "running", "succeeded", "failed", "cancelled"];

/// A filter or a sort key that does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// A term without an operator.
    #[error("`{0}` compares nothing: write FIELD=VALUE, with one of = != < <= > >=")]
    NoOperator(String),
    /// An operator with nothing after it.
    #[error("`{0}` lacks a value after the operator")]
    NoValue(String),
    /// A field that does not exist.
    #[error("`{field}` is not a field: use {}", fields())]
    UnknownField {
        /// What was written.
        field: String,
    },
    /// `open.accurate`.
    #[error("`{measure}` is not a measure of a protocol: use {}", words(&Measure::ALL))]
    UnknownMeasure {
        /// What was written.
        measure: String,
    },
    /// A measure without its protocol.
    #[error("`{0}` is a protocol's: name the protocol before it, as in `open.{0}`")]
    NoProtocol(String),
    /// The part before the dot is no name.
    #[error("the protocol before the dot is not one")]
    Protocol(#[source] InvalidName),
    /// A text compared by size.
    #[error("`{0}` can be compared with = and != only")]
    NotOrdered(String),
    /// A number field against a text.
    #[error("`{value}` is not a number, which `{field}` is compared with")]
    NotANumber {
        /// The field.
        field: String,
        /// What was written.
        value: String,
    },
    /// A state that does not exist.
    #[error("`{0}` is not a state: use {states}", states = STATES.join(", "))]
    UnknownState(String),
    /// `:` and something else than a direction.
    #[error("`{0}` is not a direction: use asc or desc")]
    UnknownDirection(String),
}

fn words<T>(all: &[(&str, T)]) -> String {
    all.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
}

fn fields() -> String {
    format!("{}, seed, attempts, duration or PROTOCOL.accuracy (.fp, .fn, .auc, …)", words(&TextField::ALL))
}

fn find<T: Copy>(all: &[(&str, T)], word: &str) -> Option<T> {
    all.iter().find(|(name, _)| *name == word).map(|(_, value)| *value)
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let parts = text.split(',').flat_map(|part| part.split(" and ")).map(str::trim);
        let terms = parts.filter(|part| !part.is_empty()).map(term).collect::<Result<_, _>>()?;
        Ok(Self { terms })
    }
}

fn term(text: &str) -> Result<Term, FilterError> {
    let (field, comparison, value) = cut(text)?;
    if let Some(text_field) = find(&TextField::ALL, field) {
        return text_term(field, text_field, comparison, value);
    }
    if field == "seed" {
        let value = value.parse().map_err(|_| not_a_number(field, value))?;
        return Ok(Term::Seed { equal: equality(field, comparison)?, value });
    }
    let number_field = number_field(field)?;
    let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
    let value = number.ok_or_else(|| not_a_number(field, value))?;
    Ok(Term::Number { field: number_field, comparison, value })
}

fn not_a_number(field: &str, value: &str) -> FilterError {
    FilterError::NotANumber { field: field.to_owned(), value: value.to_owned() }
}

/// The text before, at and after the operator.
fn cut(text: &str) -> Result<(&str, Comparison, &str), FilterError> {
    // Two characters before one, so that `<=` is not read as `<`; `==` is what programmers type.
    const OPERATORS: [(&str, Comparison); 7] = [
        ("!=", Comparison::Unequal),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("==", Comparison::Equal),
        ("=", Comparison::Equal),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    let at = text.find(['=', '!', '<', '>']).ok_or_else(|| FilterError::NoOperator(text.to_owned()))?;
    let (field, rest) = text.split_at(at);
    let found =
        OPERATORS.iter().find_map(|(word, op)| rest.strip_prefix(word).map(|value| (*op, value.trim())));
    let (comparison, value) = found.ok_or_else(|| FilterError::NoOperator(text.to_owned()))?;
    if value.is_empty() {
        return Err(FilterError::NoValue(text.to_owned()));
    }
    Ok((field.trim(), comparison, value))
}

fn equality(field: &str, comparison: Comparison) -> Result<bool, FilterError> {
    match comparison {
        Comparison::Equal => Ok(true),
        Comparison::Unequal => Ok(false),
        Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual => {
            Err(FilterError::NotOrdered(field.to_owned()))
        }
    }
}

fn text_term(name: &str, field: TextField, comparison: Comparison, value: &str) -> Result<Term, FilterError> {
    if field == TextField::State && !STATES.contains(&value) {
        return Err(FilterError::UnknownState(value.to_owned()));
    }
    Ok(Term::Text { field, equal: equality(name, comparison)?, value: value.to_owned() })
}

fn number_field(field: &str) -> Result<NumberField, FilterError> {
    match field {
        "attempts" => return Ok(NumberField::Attempts),
        "duration" => return Ok(NumberField::Duration),
        _ => {}
    }
    // A protocol's name may hold dots, a measure's does not.
    let Some((protocol, measure)) = field.rsplit_once('.') else {
        let bare = find(&Measure::ALL, field);
        return Err(match bare {
            Some(_) => FilterError::NoProtocol(field.to_owned()),
            None => FilterError::UnknownField { field: field.to_owned() },
        });
    };
    let known = find(&Measure::ALL, measure);
    let measure = known.ok_or_else(|| FilterError::UnknownMeasure { measure: measure.to_owned() })?;
    Ok(measured(ProtocolName::new(protocol).map_err(FilterError::Protocol)?, measure))
}

impl FromStr for Sort {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let (key, descending) = match text.rsplit_once(':') {
            Some((key, "asc")) => (key, false),
            Some((key, "desc")) => (key, true),
            Some((_, other)) => return Err(FilterError::UnknownDirection(other.to_owned())),
            None => text.strip_prefix('-').map_or((text, false), |key| (key, true)),
        };
        Ok(Self { key: sort_key(key.trim())?, descending })
    }
}

fn sort_key(key: &str) -> Result<SortKey, FilterError> {
    match key {
        "created" => Ok(SortKey::Created),
        "seed" => Ok(SortKey::Seed),
        _ => match find(&TextField::ALL, key) {
            Some(field) => Ok(SortKey::Text(field)),
            None => number_field(key).map(SortKey::Number),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<Filter>().unwrap_err().to_string()
    }

    #[test]
    fn terms_are_split_by_commas_and_by_and() {
        let filter: Filter = "variant = m0.8, seed=3 and open.accuracy >= 0.7".parse().unwrap();
        let field = measured(ProtocolName::new("open").unwrap(), Measure::Accuracy);
        let expected = vec![
            Term::Text { field: TextField::Variant, equal: true, value: "m0.8".to_owned() },
            Term::Seed { equal: true, value: 3 },
            Term::Number { field, comparison: Comparison::GreaterOrEqual, value: 0.7 },
        ];
        assert_eq!(filter.terms, expected);
    }

    #[test]
    fn each_mistake_says_what_to_write() {
        assert_eq!(
            error("baseline"),
            "`baseline` compares nothing: write FIELD=VALUE, with one of = != < <= > >="
        );
        assert_eq!(error("seed="), "`seed=` lacks a value after the operator");
        assert_eq!(
            error("open.accuracy>high"),
            "`high` is not a number, which `open.accuracy` is compared with"
        );
        assert_eq!(
            error("accuracy>0.7"),
            "`accuracy` is a protocol's: name the protocol before it, as in `open.accuracy`"
        );
        assert_eq!(
            error("state=done"),
            "`done` is not a state: use queued, running, succeeded, failed, cancelled"
        );
        assert_eq!(error("variant<m0.8"), "`variant` can be compared with = and != only");
        assert!(error("colour=1").starts_with("`colour` is not a field: use run, experiment, variant"));
        assert!(error("open.accurate>1").contains("use accuracy, fp, fn"));
        assert!(error("seed=-1").contains("not a number"));
        assert!(error("open.auc>nan").contains("not a number"));
    }

    #[test]
    fn sorting_takes_a_direction_before_or_after() {
        let down: Sort = "open.fp:desc".parse().unwrap();
        assert_eq!(down, "-open.fp".parse().unwrap());
        assert_ne!(down, "open.fp".parse().unwrap());
        assert!(matches!("seed:down".parse::<Sort>(), Err(FilterError::UnknownDirection(_))));
    }
}
