//! Where a configuration comes from: files, folders, the environment, the command line.

use std::path::{Path, PathBuf};

use super::catalogue::Catalogue;
use super::ini;
use super::problem::{Origin, Problem};

/// One `option = value` from anywhere. Later ones win over earlier ones.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) section: String,
    pub(super) option: String,
    pub(super) value: String,
    pub(super) origin: Origin,
}

/// What a process is configured by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// A text that the binary carries; everything else wins over it.
    pub(crate) built_in: Option<String>,
    /// Files, the later ones winning.
    pub(crate) files: Vec<PathBuf>,
    /// Folders of `*.conf` files, read in the order of their names, after the files.
    pub(crate) folders: Vec<PathBuf>,
    /// Environment variables.
    pub(crate) environment: Vec<(String, String)>,
    /// Options of the command line, which win over everything: (option, section, name, value).
    pub(crate) command_line: Vec<(&'static str, &'static str, &'static str, String)>,
}

impl Sources {
    /// Fills in the usual places, where neither a file nor a folder is named.
    #[must_use]
    pub(crate) fn or_usual_places(mut self, home: Option<&Path>) -> Self {
        let places = usual_places(home);
        if self.files.is_empty() {
            let file = places.iter().map(|place| place.join("octavia.conf"));
            self.files
                .extend(file.into_iter().find(|path| path.is_file()));
        }
        if self.folders.is_empty() {
            let folder = places.iter().map(|place| place.join("octavia.conf.d"));
            self.folders
                .extend(folder.into_iter().find(|path| path.is_dir()));
        }
        self
    }

    /// Returns where a file that the configuration names without a folder may lie: beside the
    /// configuration, then in the usual places.
    pub(super) fn places(&self) -> Vec<PathBuf> {
        let beside = self.files.iter().filter_map(|file| file.parent());
        let mut places: Vec<PathBuf> = beside.map(Path::to_owned).collect();
        places.extend(self.folders.iter().cloned());
        let home = self.environment.iter().find(|(name, _)| name == "HOME");
        places.extend(usual_places(home.map(|(_, home)| Path::new(home))));
        places
    }

    /// Reads everything, in the order in which it wins.
    pub(super) fn read(&self) -> (Vec<Said>, Vec<Problem>) {
        let mut said = Vec::new();
        let mut problems = Vec::new();
        let mut add = |outcome: Result<Vec<Said>, Problem>| match outcome {
            Ok(more) => said.extend(more),
            Err(problem) => problems.push(problem),
        };
        if let Some(text) = &self.built_in {
            add(assignments(text, Origin::BuiltIn));
        }
        for file in &self.files {
            add(read_file(file));
        }
        for folder in &self.folders {
            match files_of(folder) {
                Ok(files) => files.iter().for_each(|file| add(read_file(file))),
                Err(problem) => add(Err(problem)),
            }
        }
        add(Ok(self.said_by_environment()));
        add(Ok(self.said_by_command_line()));
        (said, problems)
    }

    /// `OS_<SECTION>__<OPTION>` for every known option.
    fn said_by_environment(&self) -> Vec<Said> {
        let known = |name: &str| {
            let (section, option) = name.strip_prefix("OS_")?.split_once("__")?;
            let section = match section {
                "DEFAULT" => section.to_owned(),
                _ => section.to_lowercase(),
            };
            Catalogue::get().find(&section, &option.to_lowercase())
        };
        self.environment
            .iter()
            .filter_map(|(name, value)| {
                let spec = known(name)?;
                Some(Said {
                    section: spec.section.clone(),
                    option: spec.name.clone(),
                    value: value.clone(),
                    origin: Origin::Environment(name.clone()),
                })
            })
            .collect()
    }

    fn said_by_command_line(&self) -> Vec<Said> {
        self.command_line
            .iter()
            .map(|(flag, section, option, value)| Said {
                section: (*section).to_owned(),
                option: (*option).to_owned(),
                value: value.clone(),
                origin: Origin::CommandLine(flag),
            })
            .collect()
    }
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let unreadable =
        |error: std::io::Error| Problem::at(folder.display(), format!("cannot be listed: {error}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "conf")
            && path.is_file()
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read_file(path: &Path) -> Result<Vec<Said>, Problem> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Problem::at(path.display(), format!("cannot be read: {error}")))?;
    assignments(&text, |line| Origin::File {
        path: path.to_owned(),
        line,
    })
}

fn usual_places(home: Option<&Path>) -> Vec<PathBuf> {
    let of_home = home.map(|home| [home.join(".octavia"), home.to_owned()]);
    let of_all = [PathBuf::from("/etc/octavia"), PathBuf::from("/etc")];
    of_home.into_iter().flatten().chain(of_all).collect()
}

fn assignments(text: &str, origin: impl Fn(usize) -> Origin) -> Result<Vec<Said>, Problem> {
    let assignments =
        ini::parse(text).map_err(|error| Problem::at(origin(error.line), error.problem))?;
    Ok(assignments
        .into_iter()
        .map(|assignment| Said {
            origin: origin(assignment.line),
            section: assignment.section,
            option: assignment.option,
            value: assignment.value,
        })
        .collect())
}
