//! People who may be one, by what a network makes of their images.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use arclab_data::{Case, CheckRequest, Checked, Problem};
use arclab_metrics::{Alike, AlikeClasses, Bound, ClassMeans};
use arclab_spec::{config::Dataset, run_folder};
use arclab_store::Store;

use crate::{
    embeddings::{Embeddings, request},
    named,
    output::Output,
    worker,
};

/// Images of each person that show a case.
const SHOWN: usize = 3;

/// The weights that `model` names: a file, or those of a run.
pub(super) fn weights(store: &Path, model: &str) -> anyhow::Result<PathBuf> {
    let file = PathBuf::from(model);
    if file.is_file() {
        return Ok(file);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open_existing(store)
            .await
            .with_context(|| format!("there is no file {model}, and the store in which it could be a run does not open"))?;
        let run = named::run(&store, model).await?;
        let run = run.with_context(|| {
            format!("`--model {model}` is no file, and the store has no run of this name: `arclab history` lists runs")
        })?;
        let weights = store.run_folder(&run.id).join(run_folder::WEIGHTS);
        store.close().await;
        if !weights.is_file() {
            bail!("run `{model}` has no weights: it has not come to its end");
        }
        Ok(weights)
    })
}

/// Looks for them among the set's own images.
pub(super) fn find(
    checked: &mut Checked,
    asked: &CheckRequest,
    weights: &Path,
    store: &Path,
    output: Output,
) -> anyhow::Result<()> {
    let names: Vec<String> = (0..checked.own).map(|image| checked.images.name(image).to_owned()).collect();
    let set = std::path::absolute(&asked.set)
        .with_context(|| format!("failed to resolve {}", asked.set.display()))?;
    let worker = worker::find(output)?;
    worker::abilities(&worker)?;
    output.note(format_args!("embedding {} images with {}", names.len(), weights.display()));
    let request = request(weights, &store.join("cache"), &Dataset::Folder(set), &names)?;
    let embeddings = Embeddings::ask(&worker, &request, output)?;
    let people = People::new(&names);
    let means = |class: fn(Place) -> u32, classes: usize| {
        let rows = people.places.iter().enumerate();
        let rows = rows.map(|(image, &place)| (embeddings.row(image), class(place)));
        ClassMeans::new(rows, embeddings.width, classes)
    };
    let alike = means(|place| place.person, people.images.len()).alike();
    let halves = means(|place| 2 * place.person + place.of_person % 2, 2 * people.images.len());
    let several = (0_u32..).zip(&people.images).filter(|(_, (_, images))| images.len() > 1);
    let mut halves: Vec<f64> = several.map(|(person, _)| halves.cosine(2 * person, 2 * person + 1)).collect();
    halves.sort_unstable_by(f64::total_cmp);
    let Some(bound) = alike.bound else {
        checked.notes.push(too_few(&alike));
        return Ok(());
    };
    checked.notes.push(explained(&alike, bound, &halves));
    checked.found.insert(Problem::SamePerson, people.cases(&alike));
    Ok(())
}

/// Whom an image shows.
#[derive(Clone, Copy)]
struct Place {
    person: u32,
    /// Among the person's images.
    of_person: u32,
}

/// People by number.
struct People<'a> {
    /// Their names and images.
    images: Vec<(&'a str, Vec<usize>)>,
    /// Of each image.
    places: Vec<Place>,
}

impl<'a> People<'a> {
    fn new(names: &'a [String]) -> Self {
        let person = |name: &'a String| name.split_once('/').map_or("", |(person, _)| person);
        let mut images: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (image, name) in names.iter().enumerate() {
            images.entry(person(name)).or_default().push(image);
        }
        let mut places = vec![Place { person: 0, of_person: 0 }; names.len()];
        for (person, images) in (0..).zip(images.values()) {
            for (of_person, &image) in (0..).zip(images) {
                places[image] = Place { person, of_person };
            }
        }
        Self { images: images.into_iter().collect(), places }
    }

    fn cases(&self, alike: &AlikeClasses) -> Vec<Case> {
        let case = |&Alike { a, b, cosine }: &Alike| {
            let [(one, of_one), (other, of_other)] = [a, b].map(|person| &self.images[person as usize]);
            let images = spread(of_one).chain(spread(of_other)).collect();
            Case { images, text: format!("{one} and {other}: cosine {cosine:.3}") }
        };
        alike.pairs.iter().map(case).collect()
    }
}

/// Some of a person's images, evenly spread; always as many, so that two people stand in two rows.
fn spread(images: &[usize]) -> impl Iterator<Item = usize> {
    (0..SHOWN).map(|n| images[n * (images.len() - 1) / (SHOWN - 1)])
}

fn too_few(alike: &AlikeClasses) -> String {
    format!(
        "Too few people to tell whether two are one: fewer than {} pairs of people show no distribution, and there are {}",
        AlikeClasses::FEWEST,
        alike.of
    )
}

/// How the bound was chosen, and whether the network is up to it.
fn explained(alike: &AlikeClasses, Bound { median, cosine: bound }: Bound, halves: &[f64]) -> String {
    let AlikeClasses { of, pairs, .. } = alike;
    let beyond = halves.len() - halves.partition_point(|cosine| *cosine <= bound);
    let within = match halves.get(halves.len() / 2) {
        Some(middle) => format!(
            "; of people cut in halves, {beyond} of {} are as much alike (middle {middle:.3}), and so as many of people under two \
             names may be found",
            halves.len()
        ),
        None => String::new(),
    };
    format!(
        "Two people may be one where the cosine of their mean embeddings is above {bound:.3}, which {} of {of} pairs are: by the \
         set's own middle ({median:.3}) and lower quarter, and a normal distribution of Fisher's z, one pair would be there by \
         chance{within}",
        pairs.len()
    )
}
