//! A plan: one fully resolved cell and one seed. Its content hash is its identity.

use std::{num::NonZeroU32, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    Attempt, Fingerprint, RunId, VariantName,
    config::{Config, DeviceRequest, resources},
};

/// Version of `plan.json`'s form. The worker refuses another.
pub const PLAN_VERSION: u32 = 1;

/// Raised whenever a change makes the same plan give other numbers, so that older results are not reused.
pub const TRAINER_VERSION: u32 = 1;

/// What a run carries out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Everything that decides the numbers.
    pub config: Config,
    /// Seed of initial weights, order and augmentation.
    pub seed: u64,
    /// Of the images, labels, splits and pair lists that `config` leads to.
    pub data: Fingerprint,
    /// The trainer that would carry it out.
    pub trainer: u32,
}

/// Who is on the images of a pair list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPeople {
    /// The list.
    pub pair_list: Fingerprint,
    /// Both people of each pair, by any numbers.
    pub who: Vec<[u32; 2]>,
    /// How many of them are in training, too; none where that is not known.
    pub shared: Option<SharedPeople>,
}

/// How many people of a test are in training, too: a closed set's all, an open set's none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SharedPeople {
    /// People in the test's pairs.
    pub people: u32,
    /// Of them, those with images in training.
    pub in_training: u32,
}

/// Content hash of a plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanHash(Fingerprint);

impl PlanHash {
    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The first 12 digits.
    pub fn short(&self) -> &str {
        self.0.short()
    }
}

impl Plan {
    /// The plan's identity: covers the configuration, the seed, the data's content and the trainer's version. Data
    /// may move.
    pub fn hash(&self) -> PlanHash {
        let covered = Self { config: self.config.covered(), ..self.clone() };
        let json = serde_json::to_vec(&covered).expect("a plan is plain data and always becomes JSON");
        PlanHash(Fingerprint::of(&json))
    }

    /// The run's name: readable, and unique by the hash.
    pub fn run_id(&self, variant: &VariantName) -> RunId {
        let head: String = variant.as_str().chars().take(48).collect();
        RunId::new(format!("{head}-s{}-{}", self.seed, &self.hash().short()[..8]))
            .expect("a variant name, a number and hexadecimal digits make a name")
    }
}

/// `plan.json`: what the scheduler hands to a worker, in the run's folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// [`PLAN_VERSION`] of the writer.
    pub version: u32,
    /// The run.
    pub run: RunId,
    /// The variant it was planned for.
    pub variant: VariantName,
    /// Which execution of the run this is.
    pub attempt: Attempt,
    /// What to do.
    pub plan: Plan,
    /// Kind of device.
    pub device: DeviceRequest,
    /// Its share of the GPU by memory, in bytes; none: the GPU is the run's alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_memory_bytes: Option<u64>,
    /// Whether a GPU must give the same bits twice.
    #[serde(default = "resources::usual", skip_serializing_if = "resources::is_usual")]
    pub deterministic: bool,
    /// Ends with a checkpoint after so many epochs, untested; none: goes to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_epoch: Option<u32>,
    /// So many parts of a batch for each that the plan has, since memory ran out; none: as planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<NonZeroU32>,
    /// CPU threads to use.
    pub threads: u32,
    /// Folder of decoded images and pair lists, shared by all runs of a store.
    pub cache: PathBuf,
}

impl Assignment {
    /// The plan's configuration, with batches in as many parts as they are carried out in.
    pub fn config(&self) -> Config {
        let mut config = self.plan.config.clone();
        let parts = self.parts.map_or(1, NonZeroU32::get);
        config.training = config.training.in_parts(parts).unwrap_or(config.training);
        config
    }
}
