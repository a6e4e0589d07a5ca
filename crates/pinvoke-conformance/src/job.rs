//! A batch: which prototypes, compiled by whom, called in which ways. One process has it compiled, another makes the
//! calls; what the first tells the second stands here.

use std::path::PathBuf;

use pinvoke::call::Tier;

use crate::c_text::Text;
use crate::compiler::{Compiler, Optimise};
use crate::generate;
use crate::known;
use crate::model::Prototype;
use crate::shrink;
use crate::values::Values;

/// One compiler at one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Side {
    pub(crate) compiler: Compiler,
    pub(crate) optimise: Optimise,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.compiler, self.optimise)
    }
}

impl Side {
    pub(crate) fn parse(text: &str) -> Option<Side> {
        let compilers = Compiler::ALL.into_iter();
        let mut sides = compilers
            .flat_map(|compiler| [Optimise::No, Optimise::Yes].map(|optimise| Side { compiler, optimise }));
        sides.find(|side| side.to_string() == text)
    }
}

/// Which prototypes a batch consists of.
#[derive(Clone, Debug)]
pub(crate) enum Choice {
    /// Those of the seed in this range.
    Range { first: u64, count: u64 },
    /// One of the seed, made smaller along a path.
    Shrunk { index: u64, path: Vec<usize> },
    /// Variants one step smaller than that: some of them, from a certain candidate on.
    Candidates { index: u64, path: Vec<usize>, from: usize, count: usize },
    /// The witness of a known disagreement.
    Witness { known: usize },
}

/// What a child process does.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) seed: u64,
    pub(crate) choice: Choice,
    pub(crate) sides: Vec<Side>,
    /// The ways of calling that are tested.
    pub(crate) tiers: Vec<Tier>,
    /// Call by the other convention on purpose, to see that it is noticed.
    pub(crate) wrong_convention: bool,
    /// Where the C text and the objects go.
    pub(crate) directory: PathBuf,
}

/// A prototype of the batch.
pub(crate) struct Item {
    /// Its number in names and announcements.
    pub(crate) number: u64,
    pub(crate) prototype: Prototype,
    pub(crate) text: Text,
    pub(crate) values: Values,
}

impl Job {
    /// The prototypes, the same in the process that has them compiled and in the one that calls them.
    pub(crate) fn items(&self) -> Vec<Item> {
        let prototypes: Vec<(u64, u64, Prototype)> = match &self.choice {
            Choice::Range { first, count } => {
                (*first..first + count).map(|i| (i, i, generate::prototype(self.seed, i))).collect()
            }
            Choice::Shrunk { index, path } => {
                self.shrunk(*index, path).map(|p| (*index, *index, p)).into_iter().collect()
            }
            Choice::Candidates { index, path, from, count } => {
                let all = self.shrunk(*index, path).map(|p| shrink::candidates(&p)).unwrap_or_default();
                (0..).zip(all).skip(*from).take(*count).map(|(i, p)| (i, *index, p)).collect()
            }
            Choice::Witness { known } => {
                known::all().get(*known).map(|k| (0, 0, (k.witness)())).into_iter().collect()
            }
        };
        prototypes
            .into_iter()
            .map(|(number, index, prototype)| {
                let text = Text::new(number, &prototype);
                let values = Values::new(self.seed, index, &prototype);
                Item { number, prototype, text, values }
            })
            .collect()
    }

    /// Where the C text goes.
    pub(crate) fn source(&self) -> PathBuf {
        self.directory.join("batch.c")
    }

    /// Where what a compiler made of it goes.
    pub(crate) fn object(&self, side: Side) -> PathBuf {
        // Windows adds an ending of its own to a name that has none.
        self.directory.join(format!("{side}.so"))
    }

    fn shrunk(&self, index: u64, path: &[usize]) -> Option<Prototype> {
        shrink::walk(generate::prototype(self.seed, index), path)
    }

    /// What a child process is told.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let numbers = |path: &[usize]| path.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let choice = match &self.choice {
            Choice::Range { first, count } => format!("range:{first}:{count}"),
            Choice::Shrunk { index, path } => format!("shrunk:{index}:{}", numbers(path)),
            Choice::Candidates { index, path, from, count } => {
                format!("candidates:{index}:{from}:{count}:{}", numbers(path))
            }
            Choice::Witness { known } => format!("witness:{known}"),
        };
        let tiers: Vec<&str> = self.tiers.iter().map(|tier| tier_name(*tier)).collect();
        let sides: Vec<String> = self.sides.iter().map(ToString::to_string).collect();
        vec![
            "batch".to_owned(),
            self.seed.to_string(),
            choice,
            sides.join(","),
            tiers.join(","),
            self.wrong_convention.to_string(),
            self.directory.to_string_lossy().into_owned(),
        ]
    }

    /// Reads what [`Job::arguments`] wrote.
    pub(crate) fn parse(arguments: &[String]) -> Option<Job> {
        let [seed, choice, sides, tiers, wrong, directory] = arguments else { return None };
        let numbers = |text: &str| -> Option<Vec<usize>> {
            text.split(',').filter(|n| !n.is_empty()).map(|n| n.parse().ok()).collect()
        };
        let parts: Vec<&str> = choice.split(':').collect();
        let choice = match parts[..] {
            ["range", first, count] => {
                Choice::Range { first: first.parse().ok()?, count: count.parse().ok()? }
            }
            ["shrunk", index, path] => Choice::Shrunk { index: index.parse().ok()?, path: numbers(path)? },
            ["candidates", index, from, count, path] => Choice::Candidates {
                index: index.parse().ok()?,
                from: from.parse().ok()?,
                count: count.parse().ok()?,
                path: numbers(path)?,
            },
            ["witness", known] => Choice::Witness { known: known.parse().ok()? },
            _ => return None,
        };
        let sides = sides.split(',').map(Side::parse).collect::<Option<_>>()?;
        let all = [Tier::Thunk, Tier::Stub];
        let tier = |name: &str| all.into_iter().find(|tier| tier_name(*tier) == name);
        let tiers = tiers.split(',').map(tier).collect::<Option<_>>()?;
        Some(Job {
            seed: seed.parse().ok()?,
            choice,
            sides,
            tiers,
            wrong_convention: wrong.parse().ok()?,
            directory: directory.into(),
        })
    }
}

/// How a tier is called in stages and options.
pub(crate) fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Auto => "auto",
        Tier::Thunk => "thunk",
        Tier::Stub => "stub",
    }
}
