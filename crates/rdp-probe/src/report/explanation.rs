//! The JSON form of an explanation: docs/json.md, key by key. Made from an [`Explanation`], and only to be written.
use rdp_probe_core::{Stage, hex};
use rdp_probe_diagnosis::Explanation;
use rdp_probe_diagnosis::codes::Code;
use rdp_probe_diagnosis::explain::{Meaning, Near, OwnWord, Shown, cause_in_general, in_general};
use serde::Serialize;

#[cfg(feature = "schema")]
use super::schema;
use super::view::{SCHEMA_VERSION, view};

view! {
    /// What is known of one code, or of one pair of them.
    pub struct ExplanationView {
        /// Goes up when a key changes its meaning.
        pub schema_version: u32,
        /// What was asked, as it was written.
        pub query: String,
        /// Where it stood, when it was found in a text; null for what was typed by itself.
        pub from: Option<ExcerptView>,
        /// How it was written: pair, hexadecimal, decimal, signed, name or phrase.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::form"))]
        pub form: &'static str,
        /// Whether a row of the table has it, or this tool's own reports.
        pub known: bool,
        /// The number, of a pair the error code; null for names, and for numbers of more than 32 bits.
        pub code: Option<String>,
        /// The extended code of a pair.
        pub extended: Option<String>,
        /// What it is in this tool's own reports; null when it is no word of these.
        pub own: Option<OwnView>,
        /// Every row that it may be, likeliest first; of a pair both halves.
        pub meanings: Vec<MeaningView>,
        /// The layer of a Windows client that a disconnect reason belongs to, known or not; inferred from the number.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::layer_or_null"))]
        pub layer: Option<&'static str>,
        /// What an unknown number looks like.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::shape_or_null"))]
        pub shape: Option<&'static str>,
        /// What people and vendors have reported.
        pub reports: Vec<FieldReportView>,
        /// When a Windows client shows this, likeliest first.
        pub shown: Vec<ShownView>,
        /// What to do next with this tool, for the likeliest meaning.
        pub next: Vec<NextView>,
        /// What may have been meant.
        pub near: Vec<NearView>,
    }
}

view! {
    /// A place in a text.
    pub struct ExcerptView {
        /// The line, from 1.
        pub line: usize,
        /// What stands around it there.
        pub text: String,
    }
}

view! {
    /// A word of this tool's own reports.
    pub struct OwnView {
        /// What kind of word.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::own_kind"))]
        pub kind: &'static str,
        /// The word.
        pub id: String,
        /// What it says; in general, where it has values of a run.
        pub meaning: String,
        /// What to do; null where that depends.
        pub remedy: Option<String>,
        /// The rules that give this exit code, or explain an end in this stage.
        pub rules: Vec<&'static str>,
    }
}

view! {
    /// A row of the table of codes.
    pub struct MeaningView {
        /// Who gives it, in which field.
        pub family: &'static str,
        /// The same for people.
        pub family_title: &'static str,
        /// The number; null for kinds of errors that have a name only.
        pub code: Option<String>,
        /// The published name, or a label in round brackets.
        pub name: &'static str,
        /// How the query leads here.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::reading"))]
        pub reading: &'static str,
        /// Where it appears: ids of stages, and words for what is none, as the table has it.
        pub stage: &'static str,
        /// The stages among them; empty where that may be any, or none of the connection's.
        pub stages: Vec<&'static str>,
        /// What it means.
        pub meaning: &'static str,
        /// Where that is known from.
        pub source: &'static str,
        /// Rules that match where this tool meets the code itself.
        pub rules: Vec<&'static str>,
    }
}

view! {
    /// A report from the field.
    pub struct FieldReportView {
        /// The family of the code.
        pub family: &'static str,
        /// The code.
        pub code: String,
        /// The extended code that stood beside it; null when the report is not about one.
        pub extended: Option<String>,
        /// How it is known.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::basis"))]
        pub basis: &'static str,
        /// What was reported.
        pub report: &'static str,
        /// Where.
        pub source: &'static str,
    }
}

view! {
    /// A rule that has this code among what a Windows client would show.
    pub struct ShownView {
        /// The id of the rule.
        pub rule: &'static str,
        /// Why, without a run behind it.
        pub cause: String,
        /// "Error code"; null when unknown.
        pub code: Option<String>,
        /// "Extended error code"; null when unknown.
        pub extended: Option<String>,
        /// The HRESULT of an authentication error.
        pub status: Option<String>,
        /// How probable it is that a client shows this when the rule matches.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::likelihood"))]
        pub likelihood: &'static str,
        /// How that is known.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::basis"))]
        pub basis: &'static str,
    }
}

view! {
    /// A command, and what it settles.
    pub struct NextView {
        /// The command.
        pub command: &'static str,
        /// What it tells.
        pub settles: &'static str,
    }
}

view! {
    /// What may have been meant.
    pub struct NearView {
        /// What may have gone wrong with the query.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::slip"))]
        pub slip: &'static str,
        /// The family of the row.
        pub family: &'static str,
        /// The number of the row; null for kinds of errors that have a name only.
        pub code: Option<String>,
        /// The name of the row.
        pub name: &'static str,
    }
}

impl ExplanationView {
    /// The JSON form of `explanation`.
    #[must_use]
    pub fn of(explanation: &Explanation) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            query: explanation.query.clone(),
            from: explanation
                .from
                .as_ref()
                .map(|from| ExcerptView { line: from.line, text: from.text.clone() }),
            form: explanation.form.id(),
            known: explanation.is_known(),
            code: explanation.code.map(hex),
            extended: explanation.extended.map(hex),
            own: explanation.own.map(own),
            meanings: explanation.meanings.iter().map(meaning).collect(),
            layer: explanation.layer.map(|layer| layer.id()),
            shape: explanation.shape.map(|shape| shape.id()),
            reports: explanation
                .reports
                .iter()
                .map(|report| FieldReportView {
                    family: report.family.name(),
                    code: hex(report.code),
                    extended: report.extended.map(hex),
                    basis: report.basis.id(),
                    report: report.report,
                    source: report.source,
                })
                .collect(),
            shown: explanation.shown.iter().map(shown).collect(),
            next: explanation
                .next
                .iter()
                .map(|next| NextView { command: next.command, settles: next.settles })
                .collect(),
            near: explanation.near.iter().map(near).collect(),
        }
    }

    /// The JSON Schema of an array of explanations, from these types: what docs/explain.schema.json holds.
    #[cfg(feature = "schema")]
    #[must_use]
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Vec<Self>)
    }
}

fn own(word: OwnWord) -> OwnView {
    let remedy = if let OwnWord::Rule(rule) = word { Some(in_general(rule.remedy)) } else { None };
    OwnView {
        kind: word.kind(),
        id: word.id(),
        meaning: in_general(word.meaning()),
        remedy,
        rules: word.rules().iter().map(|rule| rule.id).collect(),
    }
}

fn meaning(meaning: &Meaning) -> MeaningView {
    let Code { family, code, name, stage, meaning: text, source, .. } = *meaning.row;
    MeaningView {
        family: family.name(),
        family_title: family.title(),
        code: code.map(hex),
        name,
        reading: meaning.reading.id(),
        stage,
        stages: meaning.stages().into_iter().map(Stage::id).collect(),
        meaning: text,
        source,
        rules: meaning.rules().into_iter().map(|rule| rule.id).collect(),
    }
}

fn shown(shown: &Shown) -> ShownView {
    let Shown { rule, candidate, .. } = shown;
    ShownView {
        rule: rule.id,
        cause: cause_in_general(rule),
        code: candidate.code.map(hex),
        extended: candidate.extended.map(hex),
        status: candidate.status.map(hex),
        likelihood: candidate.likelihood.id(),
        basis: candidate.basis.id(),
    }
}

fn near(near: &Near) -> NearView {
    NearView {
        slip: near.slip.id(),
        family: near.row.family.name(),
        code: near.row.code.map(hex),
        name: near.row.name,
    }
}
