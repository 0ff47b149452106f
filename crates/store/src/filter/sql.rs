//! [`Filter`] and [`Sort`] to SQL over runs `r`, plans `p` and last attempts `a`. Columns come from the closed enums
//! here, values are bound.

use sqlx::{QueryBuilder, Sqlite};

use super::{Comparison, Filter, Measure, NumberField, Sort, SortKey, Term, TextField};

type Query = QueryBuilder<Sqlite>;

impl Filter {
    /// Adds ` WHERE …`.
    pub(crate) fn push(&self, query: &mut Query) {
        for (index, term) in self.terms.iter().enumerate() {
            query.push(if index == 0 { " WHERE " } else { " AND " });
            term.push(query);
        }
    }
}

impl Term {
    fn push(&self, query: &mut Query) {
        match self {
            Self::Text { field, equal, value } => push_text(query, *field, *equal, value),
            Self::Seed { equal, value } => {
                query.push(if *equal { "p.seed = " } else { "p.seed <> " }).push_bind(*value as i64);
            }
            Self::Number { field, comparison, value } => {
                push_number(query, field);
                query.push(operator(*comparison)).push_bind(*value);
            }
        }
    }
}

/// An absent device or host differs from every value.
fn push_text(query: &mut Query, field: TextField, equal: bool, value: &str) {
    let not = if equal { "" } else { "NOT " };
    let value = value.to_owned();
    let planned = match field {
        // A run may be shared: any variant that it stands for counts.
        TextField::Variant => Some("variant"),
        TextField::Experiment => Some("experiment"),
        TextField::Run | TextField::State | TextField::Device | TextField::Host | TextField::Plan => None,
    };
    query.push(not).push("(").push(column(field)).push(" IS ").push_bind(value.clone());
    if let Some(planned) = planned {
        query.push(" OR EXISTS (SELECT 1 FROM variant_plans v WHERE v.plan = r.plan AND v.").push(planned);
        query.push(" = ").push_bind(value).push(")");
    }
    query.push(")");
}

fn column(field: TextField) -> &'static str {
    match field {
        TextField::Run => "r.name",
        TextField::Experiment => "r.experiment",
        TextField::Variant => "r.variant",
        TextField::State => "r.state",
        TextField::Device => "a.device",
        TextField::Host => "a.host",
        TextField::Plan => "r.plan",
    }
}

fn push_number(query: &mut Query, field: &NumberField) {
    match field {
        NumberField::Attempts => query.push("(SELECT COUNT(*) FROM attempts t WHERE t.run = r.id)"),
        NumberField::Duration => query.push("duration_seconds"),
        NumberField::Protocol { protocol, measure } => {
            query.push("(SELECT e.").push(measure_column(*measure));
            query.push(" FROM evaluations e WHERE e.run = r.id AND e.protocol = ");
            query.push_bind(protocol.as_str().to_owned()).push(")")
        }
    };
}

fn measure_column(measure: Measure) -> &'static str {
    match measure {
        Measure::Accuracy => "accuracy",
        Measure::FalsePositives => "false_positives",
        Measure::FalseNegatives => "false_negatives",
        Measure::TruePositives => "true_positives",
        Measure::TrueNegatives => "true_negatives",
        Measure::Threshold => "threshold",
        Measure::Auc => "auc",
        Measure::BestAccuracy => "best_accuracy",
    }
}

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => " = ",
        Comparison::Unequal => " <> ",
        Comparison::Less => " < ",
        Comparison::LessOrEqual => " <= ",
        Comparison::Greater => " > ",
        Comparison::GreaterOrEqual => " >= ",
    }
}

impl Sort {
    /// Adds ` ORDER BY …`; runs that lack the key come last either way, and ties show the newest first.
    pub(crate) fn push(&self, query: &mut Query) {
        query.push(" ORDER BY ");
        match &self.key {
            SortKey::Created => {
                query.push("r.created_ms");
            }
            SortKey::Seed => {
                query.push("p.seed");
            }
            SortKey::Text(field) => {
                query.push(column(*field));
            }
            SortKey::Number(field) => push_number(query, field),
        }
        query.push(if self.descending { " DESC NULLS LAST" } else { " ASC NULLS LAST" });
        query.push(", r.created_ms DESC, r.id DESC");
    }
}
