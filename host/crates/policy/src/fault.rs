//! Why a policy set is refused: file, line, policy, what is wrong, and what to do.

use std::fmt;

use serde::Serialize;

/// A set that is refused as a whole. The one in force stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct LoadError {
    /// All that is wrong with it, file by file. Never empty.
    pub faults: Vec<Fault>,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the policy set is refused:")?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The file's name.
    pub file: String,
    /// The line in it, from one, where it is known.
    pub line: Option<usize>,
    /// The id of the policy, or the name of the route.
    pub subject: Option<String>,
    /// What.
    #[serde(serialize_with = "as_text")]
    pub problem: Problem,
}

impl Fault {
    pub(crate) fn new(file: &str, problem: Problem) -> Self {
        Self { file: file.to_owned(), line: None, subject: None, problem }
    }

    pub(crate) fn at(mut self, line: impl Into<Option<usize>>) -> Self {
        self.line = line.into();
        self
    }

    pub(crate) fn of(mut self, subject: &str) -> Self {
        self.subject = Some(subject.to_owned());
        self
    }
}

fn as_text<S: serde::Serializer>(problem: &Problem, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(problem)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(subject) = &self.subject {
            write!(f, ": {subject}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// What is wrong, and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file or folder cannot be read.
    #[error("cannot be read: {0}; check that it exists and that the server's user may read it")]
    Unreadable(String),
    /// Not Cedar.
    #[error("is not valid Cedar: {0}")]
    Syntax(String),
    /// Not as the schema says.
    #[error("does not fit the schema: {0}")]
    Schema(String),
    /// It can never apply.
    #[error("never does what it seems to: {0}; correct it or take it out")]
    Suspicious(String),
    /// A template.
    #[error("is a template; write a policy without ?principal and ?resource")]
    Template,
    /// No `@id`.
    #[error("the policy beginning \"{0}\" has no @id; give it one, unique in the set")]
    NoId(String),
    /// The id cannot be used.
    #[error("the @id must be 1 to 64 characters of a-z 0-9 . _ - and begin with a letter or digit")]
    BadId,
    /// The id is of the built-in set.
    #[error("ids that begin with \"builtin.\" belong to the built-in set; choose another @id")]
    ReservedId,
    /// The id is there twice.
    #[error("the same @id stands at {first}; ids name decisions in the log, so each must be unique")]
    DuplicateId {
        /// Where it stands first, `file:line`.
        first: String,
    },
    /// An annotation that means nothing here.
    #[error("the annotation @{0} is not known; known are @id, @reason, @route, @max, @justification")]
    UnknownAnnotation(String),
    /// An annotation on a policy that it does not apply to.
    #[error("@{annotation} means something only on a permit of {applies}; take it out")]
    MisplacedAnnotation {
        /// Which.
        annotation: &'static str,
        /// Where it would mean something.
        applies: &'static str,
    },
    /// An annotation whose value cannot be read.
    #[error("@{annotation}(\"{value}\") cannot be read; it must be {expected}")]
    BadValue {
        /// Which.
        annotation: &'static str,
        /// As written.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// `@route` names none.
    #[error("the route \"{route}\" is not in routes.toml, which has: {known}; add [routes.{route}] there or correct @route")]
    UnknownRoute {
        /// As written.
        route: String,
        /// Those there are.
        known: String,
    },
    /// A permit of `request` that leads nowhere.
    #[error("a permit of \"request\" must say who approves: add @route, or a permit of \"auto_approve\" for what needs nobody")]
    NoRoute,
    /// A permit for every action.
    #[error("a permit must name its actions: write action == Action::\"…\" or action in [Action::\"…\", …]")]
    UnnamedAction,
    /// A permit that decides on access and does something else too.
    #[error("a permit of \"{0}\" must name that action alone; make a permit of its own for the others")]
    MixedActions(&'static str),
    /// A group that nobody has defined.
    #[error(
        "the group \"{group}\" is not known; known are: {known}; correct the name, or declare it at the top of routes.toml \
         (groups = [\"{group}\"]), or make it (hallpass group set {group} MEMBER)"
    )]
    UnknownGroup {
        /// As written.
        group: String,
        /// Those there are.
        known: String,
    },
    /// Not the TOML that it must be.
    #[error("is not valid: {0}")]
    Routes(String),
    /// A route that asks nobody.
    #[error("a route must have at least one stage; to need nobody, use a permit of \"auto_approve\"")]
    NoStage,
    /// A stage that cannot be.
    #[error("stage {number}: {wrong}")]
    Stage {
        /// Which, from one.
        number: usize,
        /// What is wrong, and the remedy.
        wrong: String,
    },
    /// The built-in set or schema is wrong: a defect of the build.
    #[error("the built-in part of policy is defective: {0}; install a build that passed its tests")]
    BuiltIn(String),
}
